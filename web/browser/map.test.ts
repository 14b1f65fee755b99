import type { BrowserContextOptions, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { arenaPlan } from "../src/pages/event/map/halls";
import { type Customer, call, customer, openAs, tabTo } from "./open";

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const touch = { gestureSourceType: "touch", preventFling: true } as const;
const still = { reducedMotion: "reduce" } as const;

let buyer: Customer;
let event: string;

beforeAll(async () => {
  buyer = await customer();
  event = await onSale(arenaPlan());
});

/** onSale has an organizer put on an event in a hall, and gives its id. */
async function onSale(plan: ReturnType<typeof arenaPlan>): Promise<string> {
  const body = { username: "organizer", password: "curtain-up-at-eight" };
  const { token } = await call<{ token: string }>("POST", "/login", { body });
  const as = { ...body, token };
  const make = <T>(path: string, body?: unknown) => call<T>("POST", path, { as, body });
  const name = `Mapped ${Date.now().toString(36)}`;
  const title = await make<{ id: string }>("/titles", { name, kind: "play", year: 2026, runtime_minutes: 90 });
  const where = { city: "Chico", state: "CA", time_zone: "America/Los_Angeles", lat: 39.73, lon: -121.84 };
  const venue = await make<{ id: string }>("/venues", { name, ...where });
  await make(`/venues/${venue.id}/seat-plans`, { format: 1, ...plan });
  const { event } = await make<{ event: { id: string } }>("/events", {
    title_id: title.id,
    venue_id: venue.id,
    starts_at: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    currency: "USD",
    prices: { Floor: 9000, Side: 7000, Back: 5000 },
    booking_fee_minor: 100,
  });
  await make(`/events/${event.id}/publish`);
  return event.id;
}

/** openMap opens the event, and has its map in sight once it is painted. */
async function openMap(options: BrowserContextOptions, prepare = async (_: Page) => {}): Promise<Page> {
  const page = await openAs(buyer, options);
  await prepare(page);
  await page.goto(`/app/events/${event}`);
  await page.locator("canvas[data-map][data-view]").waitFor();
  await page.locator("canvas[data-map]").scrollIntoViewIfNeeded();
  return page;
}

/** said is what the map tells of itself: zoomed, shows, view, at, chosen. */
function said(page: Page, name: string): Promise<string | null> {
  return page.locator("canvas[data-map]").getAttribute(`data-${name}`);
}

async function until(page: Page, name: string, wanted: string): Promise<void> {
  await expect.poll(() => said(page, name)).toBe(wanted);
}

/** pixelOf tells where a place of the hall is in the window now. */
async function pixelOf(page: Page, cm: { x: number; y: number }): Promise<{ x: number; y: number }> {
  const [x = 0, y = 0, scale = 0] = (await said(page, "view"))?.split(" ").map(Number) ?? [];
  const box = await page.locator("canvas[data-map]").boundingBox();
  return { x: (box?.x ?? 0) + (cm.x - x) * scale, y: (box?.y ?? 0) + (cm.y - y) * scale };
}

/** Seats of section 101, which runs along the side: its middle, and one seat with its place. */
const middle = { x: 750, y: 950 };
const seat = { place: 100 + 5 * 20 + 4, x: 1200 - 5 * 90, y: 400 + 4 * 50 };

async function intoSection(page: Page): Promise<void> {
  const { x, y } = await pixelOf(page, middle);
  await page.touchscreen.tap(x, y);
  await until(page, "shows", "seats");
}

const scrolled = (page: Page) => page.evaluate(() => scrollY);

describe("on a phone", () => {
  test("sections come first, a tap shows the seats of one, and the whole hall is one tap away", async () => {
    const page = await openMap({ ...phone, ...still });
    expect([await said(page, "shows"), await said(page, "zoomed")]).toEqual(["sections", "false"]);
    expect(await page.locator("[data-minimap]").count()).toBe(0);
    await intoSection(page);
    expect(await said(page, "zoomed")).toBe("true");
    await page.locator("[data-minimap]").waitFor();
    await page.getByRole("button", { name: "Whole hall" }).click();
    await until(page, "shows", "sections");
    await until(page, "zoomed", "false");
  });

  test("a tap chooses the seat under it, and a drag moves the hall and chooses none", async () => {
    const page = await openMap({ ...phone, ...still });
    await intoSection(page);
    const { x, y } = await pixelOf(page, seat);
    await page.touchscreen.tap(x + 3, y + 2);
    await until(page, "at", String(seat.place));
    await until(page, "chosen", "1");
    const [before, top] = [await said(page, "view"), await scrolled(page)];
    const fingers = await page.context().newCDPSession(page);
    await fingers.send("Input.synthesizeScrollGesture", { x, y, xDistance: 0, yDistance: -90, ...touch });
    await expect.poll(() => said(page, "view")).not.toBe(before);
    expect(await said(page, "chosen")).toBe("1");
    expect(await scrolled(page)).toBe(top);
  });

  test("one finger over the whole hall scrolls the page", async () => {
    const page = await openMap({ ...phone, ...still });
    const { x, y } = await pixelOf(page, middle);
    const [before, view] = [await scrolled(page), await said(page, "view")];
    const fingers = await page.context().newCDPSession(page);
    await fingers.send("Input.synthesizeScrollGesture", { x, y, xDistance: 0, yDistance: -120, ...touch });
    await expect.poll(() => scrolled(page)).toBeGreaterThan(before + 60);
    expect([await said(page, "view"), await said(page, "chosen")]).toEqual([view, "0"]);
  });
});

test("the wheel scrolls the page over the map, and zooms with ctrl", async () => {
  const page = await openMap({ viewport: { width: 1280, height: 600 } });
  const { x, y } = await pixelOf(page, middle);
  await page.mouse.move(x, y);
  const before = (await scrolled(page)) + 80;
  await page.mouse.wheel(0, 80);
  await expect.poll(() => scrolled(page)).toBe(before);
  expect(await said(page, "zoomed")).toBe("false");
  await page.keyboard.down("Control");
  await page.mouse.wheel(0, -300);
  await page.keyboard.up("Control");
  await until(page, "zoomed", "true");
  expect(await scrolled(page)).toBe(before);
});

test("a map that was not shown at first has the right size and hits the right seat once it is", async () => {
  const page = await openAs(buyer, { ...phone, ...still });
  await page.addInitScript(() => {
    const hidden = new CSSStyleSheet();
    hidden.replaceSync(".map { display: none }");
    document.adoptedStyleSheets = [hidden];
  });
  await page.goto(`/app/events/${event}`);
  await page.locator("canvas[data-map]").waitFor({ state: "attached" });
  expect(await said(page, "view")).toBeNull();
  await page.evaluate(() => {
    document.adoptedStyleSheets = [];
  });
  await page.locator("canvas[data-map][data-view]").waitFor();
  await page.locator("canvas[data-map]").scrollIntoViewIfNeeded();
  await intoSection(page);
  const { x, y } = await pixelOf(page, seat);
  await page.touchscreen.tap(x, y);
  await until(page, "at", String(seat.place));
});

test("the keyboard comes to the map once, walks from seat to seat, chooses, zooms, and leaves", async () => {
  const page = await openMap(still);
  const map = page.locator("canvas[data-map]");
  await tabTo(page, map, 120);
  await page.keyboard.press("ArrowDown");
  await until(page, "at", "0"); // the floor, which is seen from afar
  expect(await page.locator(".map [role=status]").textContent()).toContain("Floor");
  await page.keyboard.press("ArrowDown");
  await until(page, "shows", "seats");
  const first = Number(await said(page, "at"));
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => said(page, "at")).not.toBe(String(first));
  expect(await page.locator(".map [role=status]").textContent()).toMatch(/Section 10\d, row/);
  await page.keyboard.press("Enter");
  await until(page, "chosen", "1");
  await page.keyboard.press("Enter");
  await until(page, "chosen", "0");
  await page.keyboard.press("Escape");
  await until(page, "zoomed", "false");
  await page.keyboard.press("+");
  await until(page, "zoomed", "true");
  await page.keyboard.press("0");
  await until(page, "zoomed", "false");
  await page.keyboard.press("Tab");
  expect(await map.evaluate((canvas) => canvas === document.activeElement)).toBe(false);
});

test("it is painted in the colours of the theme, and of the system where it forces them", async () => {
  const page = await openMap({ ...still, colorScheme: "light" });
  const corner = () =>
    page.locator("canvas[data-map]").evaluate((canvas: HTMLCanvasElement) => {
      const pixel = canvas.getContext("2d")?.getImageData(2, 2, 1, 1).data ?? [];
      return `rgb(${[...pixel].slice(0, 3).join(", ")})`;
    });
  const ground = () => page.locator(".map").evaluate((map) => getComputedStyle(map).backgroundColor);
  const light = await ground();
  await expect.poll(corner).toBe(light);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(ground).not.toBe(light);
  await expect.poll(corner).toBe(await ground());
  await page.emulateMedia({ colorScheme: "dark", forcedColors: "active" });
  await expect.poll(corner).toBe(await ground());
});

test("without a canvas there is no map, and the page stands", async () => {
  const page = await openAs(buyer);
  await page.addInitScript(() => {
    HTMLCanvasElement.prototype.getContext = () => null;
  });
  await page.goto(`/app/events/${event}`);
  await page.locator(".section").first().waitFor(); // of the list, which stands in
  expect(await page.locator(".map").count()).toBe(0);
});
