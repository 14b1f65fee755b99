import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { onSale } from "./halls";
import { base, type Customer, call, customer, open, openAs, type Showing, showings } from "./open";
import { buy, type Sold } from "./sold";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const shots = join(import.meta.dirname, "shots");

let buyer: Customer;
let showing: Showing;
let held: { id: string; event_id: string };
let sold: Sold;
let theatre: string;
let arena: string;

beforeAll(async () => {
  mkdirSync(shots, { recursive: true });
  const all = await showings(await customer());
  showing = all[4] as Showing;
  buyer = await customer(`${showing.venue.city}, ${showing.venue.state}`);
  const { tickets } = await call<{ tickets: { id: string }[] }>("GET", `/events/${all[5]?.id}`, { as: buyer });
  held = await call("POST", "/book", { as: buyer, body: tickets.slice(0, 2).map(({ id }) => id) });
  [theatre, arena] = [await onSale("theatre"), await onSale("large-arena")];
  sold = await buy(buyer, all[6]?.id ?? "", 2);
});

/** The pages, each with something by which it is seen to be all there. */
const pages: Record<string, { path: () => string; ready: string; stranger?: boolean; told?: () => object }> = {
  home: { path: () => "/app", ready: ".card.title" },
  search: { path: () => `/app?city=*&q=${encodeURIComponent(showing.name)}`, ready: ".card.title" },
  nothing: { path: () => "/app?city=*&q=qxqxqxqx", ready: ".empty" },
  title: { path: () => `/app/titles/${showing.title_id}`, ready: ".showing" },
  event: { path: () => `/app/events/${showing.id}`, ready: "[data-map]" },
  theatre: { path: () => `/app/events/${theatre}`, ready: "[data-map][data-view]" },
  arena: { path: () => `/app/events/${arena}`, ready: "[data-map][data-view]" },
  seats: { path: () => `/app/events/${showing.id}`, ready: ".seat" },
  change: { path: () => `/app/events/${held.event_id}?change=${held.id}`, ready: ".chosen li" },
  bookings: { path: () => "/app/bookings", ready: ".booking" },
  held: { path: () => atBooking(), ready: ".pay" },
  paying: { path: () => atBooking(), ready: ".pay", told: () => ({ payment: "open" }) },
  ending: { path: () => atBooking(), ready: "dialog[open]", told: () => ({ hold_expires_at: inSeconds(58) }) },
  waiting: { path: () => `${atBooking()}?returned=paid`, ready: ".steps", told: () => ({ payment: "open" }) },
  expired: { path: () => atBooking(), ready: ".again", told: () => ({ status: "expired" }) },
  refunding: { path: () => atBooking(), ready: ".ended", told: () => ({ status: "refunding", ...calledOff }) },
  tickets: { path: () => sold.links.page, ready: ".code img" },
  door: { path: () => sold.links.page, ready: ".code img" },
  return: { path: () => sold.links.page, ready: ".code img" },
  login: { path: () => "/app/login", ready: "form", stranger: true },
  signup: { path: () => "/app/signup", ready: "form", stranger: true },
  missing: { path: () => "/app/events/0199a1b2-0000-7000-8000-0000000000b1", ready: ".empty" },
};

const atBooking = () => `/app/bookings/${held.id}`;
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();
const calledOff = { called_off: { at: inSeconds(0), reason: "The singer is ill." } };

const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

async function visit(name: string, options: Parameters<typeof open>[0]): Promise<Page> {
  const { path, ready, stranger, told } = pages[name] as (typeof pages)[string];
  const page = await (stranger ? open(options) : openAs(buyer, options));
  if (told) {
    // How a booking looks in a stage to which checkout.test.ts and expiry.test.ts bring a real one.
    await page.route(`${base}/bookings/*`, async (route) => {
      const { prefer: _, "if-none-match": __, ...headers } = route.request().headers(); // the real one is in no such stage
      const response = await route.fetch({ headers });
      await route.fulfill({ response, json: { ...(await response.json()), ...told() } });
    });
  }
  await page.addInitScript(() => {
    const shifts = { sum: 0 };
    Object.assign(window, { shifts });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
        shifts.sum += entry.hadRecentInput ? 0 : entry.value;
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  if (name === "seats") {
    await page.addInitScript(() => localStorage.setItem("seats as", "list"));
  }
  await page.goto(path());
  await page.locator(ready).first().waitFor();
  if (name === "seats") {
    await page.locator(".seat").nth(2).click(); // and the ones beside it are left alone
    await page.locator(".seat").nth(4).click();
    await page.locator(".alone").waitFor();
  }
  if (name === "door") {
    await page.locator(".show").first().click();
    await page.locator(".door .code img").first().waitFor();
  }
  if (name === "return") {
    await page.getByText("Give tickets back").click();
    await page.getByText("Mails about this booking").click();
    await page.getByRole("checkbox").first().check();
    await page.getByRole("button", { name: "See what comes back" }).click();
    await page.locator(".sums").waitFor();
  }
  return page;
}

/** serious lists what axe finds that keeps people out. Targets of less than 24 px are among it. */
async function serious(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const results: AxeResults = await page.evaluate(() =>
    (window as unknown as { axe: typeof import("axe-core") }).axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  return results.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

describe.each(Object.keys(pages))("the page %s", (name) => {
  test.each(Object.entries(sizes))(
    "is open to everybody on a %s, light and dark, and does not jump while it loads",
    async (size, viewport) => {
      const page = await visit(name, { colorScheme: "light", viewport, hasTouch: size === "phone" });
      expect(await page.evaluate(() => (window as unknown as { shifts: { sum: number } }).shifts.sum)).toBeLessThan(
        0.1,
      );
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: join(shots, `${name}-${size}-${colorScheme}.png`), animations: "disabled" });
        if (size === "phone" || colorScheme === "light") {
          expect(await serious(page), colorScheme).toEqual([]);
        }
      }
    },
  );

  test("fits 320 px, text at 200 %, and colours that the system forces", async () => {
    const page = await visit(name, {
      viewport: { width: 320, height: 640 },
      forcedColors: "active",
      reducedMotion: "reduce",
    });
    const overflow = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 640, height: 900 });
    await page.evaluate(() => {
      document.documentElement.style.fontSize = "200%";
    });
    expect(await overflow()).toBeLessThanOrEqual(0);
  });
});

test("all of it is there in Spanish, and stays so", async () => {
  const page = await openAs(buyer, { locale: "es-MX" });
  await page.goto("/app");
  await page.getByRole("heading", { level: 1, name: /^Cartelera/ }).waitFor();
  expect(await page.getAttribute("html", "lang")).toBe("es");
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { level: 1, name: /^What’s on/ }).waitFor();
  await page.goto("/app/bookings");
  await page.getByRole("heading", { level: 1, name: "My tickets" }).waitFor();
});

test("a page of the client says whose box office it is", async () => {
  const page = await open();
  await page.goto("/app/login");
  await page.getByLabel("Username").waitFor();
  expect(await page.title()).toMatch(/^Log in · \S/);
  expect(await page.content()).not.toContain("{{");
});
