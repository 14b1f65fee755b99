import { dayAfter, number, today, writeDay } from "../format";
import { t } from "../words";

/** sayDay names a day: today and tomorrow by their nearness. */
export function sayDay(day: string): string {
  const now = today();
  if (day === now) {
    return t.home.today;
  }
  return day === dayAfter(now, 1)
    ? t.home.tomorrow
    : writeDay(day, { weekday: "short", day: "numeric", month: "short" });
}

interface Props {
  label: string;
  /** A day without a count is a link to all of them; it needs a name. */
  days: readonly { day: string; name?: string; count?: number; to: string }[];
  current: string;
}

/** Days is a strip of days, each a link that says how much is on. */
export function Days({ label, days, current }: Props) {
  return (
    <nav class="days" aria-label={label}>
      {days.map(({ day, name, count, to }) => (
        <a key={day} href={to} aria-current={day === current ? "true" : undefined}>
          <span>{name ?? sayDay(day)}</span>
          {count !== undefined && <span class="soft">{number(count)}</span>}
        </a>
      ))}
    </nav>
  );
}
