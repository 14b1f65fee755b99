import { distance } from "../../format";
import { Poster } from "../../ui/poster";
import { Showing } from "../../ui/showing";
import { count, t } from "../../words";
import type { TitleGroup, VenueGroup } from "./group";
import { titleAddress } from "./searchbar";

const venuesShown = 2;
const timesShown = 4;

/** Results are the titles that were found, each with its next showings. */
export function Results({ groups, near, day }: { groups: TitleGroup[]; near: string | undefined; day: string }) {
  return (
    <ul class="titles">
      {groups.map((group) => (
        <li key={group.titleId}>
          <Title group={group} address={titleAddress(group.titleId, near, day)} dated={day === ""} />
        </li>
      ))}
    </ul>
  );
}

function Title({ group, address, dated }: { group: TitleGroup; address: string; dated: boolean }) {
  const shown = group.venues.slice(0, venuesShown);
  const seen = shown.reduce((sum, { events }) => sum + Math.min(events.length, timesShown), 0);
  return (
    <article class="card title">
      <Poster name={group.name} />
      <div>
        <p class="kind">{t.types[group.type as keyof typeof t.types] ?? t.types.other}</p>
        <h2>
          <a href={address}>{group.name}</a>
        </h2>
        {shown.map((venue) => (
          <Venue key={venue.venue.id} group={venue} dated={dated} />
        ))}
        <p class="all">
          <a href={address}>{group.count > seen ? count(t.home.moreTimes, group.count - seen) : t.home.allTimes}</a>
        </p>
      </div>
    </article>
  );
}

function Venue({ group, dated }: { group: VenueGroup; dated: boolean }) {
  const { venue, distanceKm, events } = group;
  return (
    <section class="venue">
      <h3>
        {venue.name}
        <span class="soft">
          {venue.city}, {venue.state}
          {distanceKm !== undefined && ` · ${distance(distanceKm)}`}
        </span>
      </h3>
      <ul class="times">
        {events.slice(0, timesShown).map((event) => (
          <li key={event.id}>
            <Showing event={event} dated={dated} />
          </li>
        ))}
      </ul>
    </section>
  );
}
