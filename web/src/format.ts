import { locale } from "./words";

/** money writes an amount of minor units, without cents where there are none: "$14.50", "$11". */
export function money(minor: number, currency: string): string {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const value = minor / 10 ** digits;
  return Number.isInteger(value)
    ? new Intl.NumberFormat(locale, { style: "currency", currency, minimumFractionDigits: 0 }).format(value)
    : format.format(value);
}

/** price is money as a whole with its cents, for totals that stand under each other. */
export function price(minor: number, currency: string): string {
  const format = new Intl.NumberFormat(locale, { style: "currency", currency });
  return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/** isElsewhere tells whether clocks at the venue show something else at that moment than the viewer's. */
export function isElsewhere(
  at: string,
  zone: string,
  viewer = Intl.DateTimeFormat().resolvedOptions().timeZone,
): boolean {
  const clock = (timeZone: string) =>
    new Intl.DateTimeFormat("en-US", { timeZone, dateStyle: "short", timeStyle: "short" }).format(new Date(at));
  return clock(zone) !== clock(viewer);
}

/** zoneName names the venue's zone at that moment, briefly: "PST". */
export function zoneName(at: string, zone: string): string {
  const parts = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: "short" }).formatToParts(new Date(at));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

/** clock writes a time of day by the venue's clock, with its zone where the viewer's clock differs. */
export function clock(at: string, zone: string): string {
  return new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    hour: "numeric",
    minute: "2-digit",
    ...(isElsewhere(at, zone) ? { timeZoneName: "short" } : {}),
  }).format(new Date(at));
}

/** shortClock is clock without a zone, for where many times stand together under one word about it. */
export function shortClock(at: string, zone: string): string {
  return new Intl.DateTimeFormat(locale, { timeZone: zone, hour: "numeric", minute: "2-digit" }).format(new Date(at));
}

/** moment writes day and time by the venue's clock: "Fri, Dec 4, 7:30 PM". */
export function moment(at: string, zone: string, style: "short" | "long" = "short"): string {
  return new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    weekday: style,
    day: "numeric",
    month: style,
    ...(style === "long" ? { year: "numeric" } : {}),
    hour: "numeric",
    minute: "2-digit",
    ...(isElsewhere(at, zone) ? { timeZoneName: "short" } : {}),
  }).format(new Date(at));
}

/** dayOf gives the day of a time by the venue's calendar, as the API writes days: "2026-12-04". */
export function dayOf(at: string, zone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(
    new Date(at),
  );
}

/** today is the day by the viewer's calendar. */
export function today(now = new Date()): string {
  return dayOf(now.toISOString(), Intl.DateTimeFormat().resolvedOptions().timeZone);
}

/** dayAfter gives the day that is so many days later. */
export function dayAfter(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** writeDay writes a day of a calendar, wherever it is read. */
export function writeDay(day: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
}

/** number writes a whole number. */
export function number(n: number): string {
  return new Intl.NumberFormat(locale).format(n);
}

/** percent writes a share of a hundred. */
export function percent(n: number): string {
  return new Intl.NumberFormat(locale, { style: "percent" }).format(n / 100);
}

/** distance writes kilometres in what the viewer measures in: miles in the United States and the United Kingdom. */
export function distance(km: number): string {
  const inMiles = /-(US|GB)$/.test(locale) || locale === "en";
  const value = inMiles ? km / 1.609344 : km;
  return new Intl.NumberFormat(locale, {
    style: "unit",
    unit: inMiles ? "mile" : "kilometer",
    maximumFractionDigits: value < 10 ? 1 : 0,
  }).format(value);
}
