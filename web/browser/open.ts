import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, expect } from "vitest";

/** base is the system under test. */
export const base = setting("BOXOFFICE_URL");

export function setting(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new Error(`${name} is not set: run go test ./test/browser`);
  }
  return value;
}

/** patience is for what a loaded machine may take. */
export const patience = 45_000;

let browser: Promise<Browser> | undefined;
const faults: string[] = [];
const opened: Page[] = [];

/**
 * open gives a page in a browser of its own, as a person in California has it. What breaks in it fails the test. It has no
 * service worker unless asked for: what one fetches no test could stop.
 */
export async function open(options: BrowserContextOptions = {}): Promise<Page> {
  browser ??= chromium.launch({ executablePath: setting("CHROMIUM"), args: ["--no-sandbox"] });
  const context = await (await browser).newContext({
    baseURL: base,
    locale: "en-US",
    timezoneId: "America/Los_Angeles",
    viewport: { width: 1280, height: 800 },
    serviceWorkers: "block",
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.on("pageerror", (error) => faults.push(`${page.url()}: ${error}`));
  page.on("console", (message) => {
    if (/Content Security Policy|Trusted|violates/i.test(message.text())) {
      faults.push(`${page.url()}: ${message.text()}`);
    }
  });
  opened.push(page);
  return page;
}

/** shut closes a page's browser. What a request was to be answered with that is under way is of no use any more. */
async function shut(page: Page): Promise<void> {
  if (!page.isClosed()) {
    await page.unrouteAll({ behavior: "ignoreErrors" });
  }
  await page.context().close();
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(shut));
  expect(faults.splice(0), "scripts that broke, or that the content policy stopped").toEqual([]);
});

afterAll(async () => {
  await (await browser)?.close();
  browser = undefined;
});

/** Customer has an account, and a session outside of any browser. */
export interface Customer {
  username: string;
  password: string;
  token: string;
}

export const password = "correct horse battery";

let customers = 0;

/** customer signs up, by the API. */
export async function customer(location = ""): Promise<Customer> {
  const username = newName();
  await call("POST", "/signup", { body: { username, password, ...(location && { location }) } });
  const { token } = await call<{ token: string }>("POST", "/login", { body: { username, password } });
  return { username, password, token };
}

/** newName gives a username that nobody has. */
export function newName(): string {
  return `b${Date.now().toString(36)}-${process.pid.toString(36)}-${customers++}`;
}

/** openAs is open for somebody who is logged in. */
export function openAs({ token }: Customer, options: BrowserContextOptions = {}): Promise<Page> {
  const { hostname } = new URL(base);
  const cookie = { name: "boxoffice", value: token, domain: hostname, path: "/", expires: -1 };
  const all = { ...cookie, httpOnly: true, secure: false, sameSite: "Lax" as const };
  return open({ ...options, storageState: { cookies: [all], origins: [] } });
}

/** call asks the API beside the browser. */
export async function call<T>(
  method: string,
  path: string,
  { body, as }: { body?: unknown; as?: Customer } = {},
): Promise<T> {
  const response = await fetch(base + path, {
    method,
    headers: { "Content-Type": "application/json", ...(as && { Authorization: `Bearer ${as.token}` }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${response.status} ${text}`);
  }
  return text === "" ? (undefined as T) : JSON.parse(text);
}

/** Showing is an event as the tests need it. */
export interface Showing {
  id: string;
  name: string;
  title_id: string;
  venue: { name: string; city: string; state: string };
}

/** sampleName is what is on in sample halls, which tests put on beside the seed. */
export const sampleName = "The Long Night";

/** showings lists what is on sale from the seed, the last first: the first ones may begin while the tests run. */
export async function showings(as: Customer): Promise<Showing[]> {
  const { events } = await call<{ events: Showing[] }>("GET", "/events?limit=100", { as });
  const isMade = ({ name, venue }: Showing) => name === venue.name || name === sampleName; // newEvent calls both the same
  return events.filter((event) => !isMade(event)).reverse();
}

/** tabTo presses Tab until the focus is on what is wanted, as somebody without a mouse does. */
export async function tabTo(page: Page, wanted: Locator, most = 60): Promise<void> {
  await wanted.waitFor();
  for (let i = 0; i < most; i++) {
    if (await wanted.evaluate((element) => element === document.activeElement)) {
      await expectVisibleFocus(page);
      return;
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not come to ${wanted} within ${most} steps`);
}

/** expectVisibleFocus asserts that who does not use a mouse sees where the focus is: marked, and not under a bar. */
async function expectVisibleFocus(page: Page): Promise<void> {
  const seen = await page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const marked = [element, element.closest(".combobox")].some(
      (each) => each && getComputedStyle(each).outlineStyle !== "none",
    );
    const box = element.getBoundingClientRect();
    const on = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return { marked, covered: !(on && (element.contains(on) || on.contains(element))) };
  });
  expect(seen).toEqual({ marked: true, covered: false });
}

/**
 * Plan is a hall as the tests want it: sections with their rows as they are drawn, an a for a seat, w for the place of a
 * wheelchair, c for the seat beside it, a space for an aisle.
 */
export type Plan = Record<string, readonly string[]>;

/** arena is a hall of 10,000 seats. */
export const arena: Plan = Object.fromEntries(
  Array.from({ length: 20 }, (_, i) => [`Section ${101 + i}`, Array.from({ length: 20 }, () => "a".repeat(25))]),
);

let organizing: Promise<Customer> | undefined;

/** organizer is who puts on the events that are seeded. */
export function organizer(): Promise<Customer> {
  organizing ??= logInAs("organizer", "curtain-up-at-eight");
  return organizing;
}

async function logInAs(username: string, password: string): Promise<Customer> {
  const { token } = await call<Customer>("POST", "/login", { body: { username, password } });
  return { username, password, token };
}

let made = 0;

/** newEvent puts an event on sale in a hall of its own: $11 a seat, and $21 in the last row of each section, with the fee. */
export async function newEvent(plan: Plan, more: Record<string, unknown> = {}): Promise<Showing> {
  const as = await organizer();
  const name = `Made ${Date.now().toString(36)}-${made++}`;
  const categories = ["Front", "Back"];
  const title = await call<{ id: string }>("POST", "/titles", {
    as,
    body: { name, kind: "play", year: 2026, runtime_minutes: 90 },
  });
  const venue = await call<{ id: string }>("POST", "/venues", {
    as,
    body: { name, city: "Chico", state: "CA", time_zone: "America/Los_Angeles", lat: 39.73, lon: -121.84 },
  });
  await call("POST", `/venues/${venue.id}/seat-plans`, { as, body: planJSON(name, plan, categories) });
  const { event } = await call<{ event: Showing }>("POST", "/events", {
    as,
    body: {
      title_id: title.id,
      venue_id: venue.id,
      starts_at: new Date(Date.now() + 30 * 86_400_000).toISOString(),
      currency: "USD",
      prices: { Front: 1000, Back: 2000 },
      booking_fee_minor: 100,
      ...more,
    },
  });
  await call("POST", `/events/${event.id}/publish`, { as });
  return event;
}

/** planJSON draws a plan, one section behind the other; the last row of each is in the second category. */
function planJSON(name: string, plan: Plan, categories: readonly string[]): unknown {
  let y = 300;
  const rowOf = (text: string, category: string | undefined) => {
    y += 100;
    let number = 0;
    return [...text].flatMap((letter, i) => {
      const kind = { w: "accessible", c: "companion" }[letter];
      return letter === " " ? [] : [{ number: ++number, x: 200 + 60 * i, y, category, ...(kind && { kind }) }];
    });
  };
  const sections = Object.entries(plan).map(([section, rows]) => ({
    name: section,
    rows: rows.map((text, i) => ({
      label: String.fromCharCode(65 + i),
      seats: rowOf(text, categories[i === rows.length - 1 ? 1 : 0]),
    })),
  }));
  const stage = { label: "Stage", x: 200, y: 60, width: 900, height: 200 };
  return { format: 1, name, width: 3000, height: y + 300, stage, categories, sections };
}

/** hold has somebody hold the seats of an event with these names, and gives the booking. */
export async function hold(as: Customer, eventId: string, seats: readonly string[]): Promise<{ id: string }> {
  const { tickets } = await call<{ tickets: { id: string; seat: string }[] }>("GET", `/events/${eventId}`, { as });
  const ids = seats.map((name) => tickets.find(({ seat }) => seat === name)?.id);
  return call("POST", "/book", { as, body: ids });
}

/** asList shows the seats of the page as a list. */
export async function asList(page: Page): Promise<void> {
  await page.getByRole("button", { name: "List", exact: true }).click();
}
