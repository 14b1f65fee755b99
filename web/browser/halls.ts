import { readFileSync } from "node:fs";
import { join } from "node:path";
import { call, organizer, sampleName, setting } from "./open";

/** onSale puts an event of a sample hall on sale, and gives its ID. */
export async function onSale(hall: "cinema" | "theatre" | "arena" | "large-arena"): Promise<string> {
  const plan = JSON.parse(readFileSync(join(setting("PLANS"), `${hall}.json`), "utf8"));
  const as = await organizer();
  const { id: title } = await call<{ id: string }>("POST", "/titles", {
    as,
    body: { name: sampleName, kind: "concert" },
  });
  const place = {
    name: plan.name,
    city: "Chico",
    state: "CA",
    time_zone: "America/Los_Angeles",
    lat: 39.73,
    lon: -121.84,
  };
  const { id: venue } = await call<{ id: string }>("POST", "/venues", { as, body: place });
  await call("POST", `/venues/${venue}/seat-plans`, { as, body: plan });
  const prices = Object.fromEntries((plan.categories as string[]).map((name, i) => [name, 12_000 - 1_500 * i]));
  const { event } = await call<{ event: { id: string } }>("POST", "/events", {
    as,
    body: {
      title_id: title,
      venue_id: venue,
      starts_at: new Date(Date.now() + 9 * 86_400_000).toISOString(),
      ends_at: new Date(Date.now() + 9.1 * 86_400_000).toISOString(),
      currency: "USD",
      prices,
    },
  });
  await call("POST", `/events/${event.id}/publish`, { as });
  return event.id;
}

/** ticketsOf gives the IDs of all tickets of an event, in the order of its map. */
export async function ticketsOf(event: string): Promise<string[]> {
  const { ticket_ids } = await call<{ ticket_ids: string[] }>("GET", `/events/${event}/seats`, {
    as: await organizer(),
  });
  return ticket_ids;
}
