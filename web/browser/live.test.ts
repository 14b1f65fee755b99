import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { asList, call, customer, hold, newEvent, openAs, type Showing } from "./open";

const seat = (page: Page, name: string) => page.locator(`.seat[aria-label^="${name},"]`);
const selection = (page: Page) => page.locator(".chosen li .named").allTextContents();

async function show(event: Showing, prepare: (page: Page) => Promise<unknown> = async () => undefined): Promise<Page> {
  const page = await openAs(await customer());
  await prepare(page);
  await page.goto(`/app/events/${event.id}`);
  await asList(page);
  return page;
}

describe("a seat that somebody else holds", () => {
  test("is gone from the list at once, and back when it is let go, untouched", async () => {
    const event = await newEvent({ Stalls: ["aaaa", "aa"] });
    const page = await show(event);
    const wanted = seat(page, "Stalls, row A, seat 2");
    await wanted.waitFor();
    const rival = await customer();
    const { id } = await hold(rival, event.id, ["Stalls, row A, seat 2"]);
    await wanted.waitFor({ state: "detached" });
    await page.getByText("1 held, may come back").waitFor();
    await call("POST", `/bookings/${id}/cancel`, { as: rival });
    await wanted.waitFor();
  });

  test("falls out of the selection, is named, and the nearest is taken with one tap", async () => {
    const event = await newEvent({ Stalls: ["aaaa", "aa"] });
    const page = await show(event);
    await seat(page, "Stalls, row A, seat 1").click();
    await seat(page, "Stalls, row A, seat 2").click();
    await hold(await customer(), event.id, ["Stalls, row A, seat 2"]);
    const note = page.locator(".lost");
    await note
      .getByText("Stalls, row A, seat 2 was just taken by somebody else. It is held, and may come back.")
      .waitFor();
    expect(await selection(page)).toEqual(["Stalls, row A, seat 1"]);
    const nearest = note.locator(".take");
    const name = await nearest.locator("span").textContent();
    await nearest.click();
    expect((await selection(page)).sort()).toEqual(["Stalls, row A, seat 1", name].sort());
    await page.getByRole("button", { name: "Book 2 seats" }).click();
    await page.waitForURL(/\/app\/bookings\//);
  });

  test("is the last one: that is said, and never that it is sold out", async () => {
    const event = await newEvent({ Stalls: ["a", "a"] });
    const page = await show(event);
    await seat(page, "Stalls, row A, seat 1").waitFor();
    await hold(await customer(), event.id, ["Stalls, row A, seat 1", "Stalls, row B, seat 1"]);
    await page.getByText("No free seats right now; 2 are held and may come back.").waitFor();
    expect(await page.getByText(/sold out/i).count()).toBe(0);
  });
});

test("of two who book one seat at the same moment one has it, and the other takes what is offered with one tap", async () => {
  const event = await newEvent({ Stalls: ["aaaa", "aa"] });
  // Neither sees the other's seat taken before both have asked.
  const blind = (page: Page) => page.route("**/seats/stream", (route) => route.abort());
  const pages = [await show(event, blind), await show(event, blind)];
  const arrived: (() => void)[] = [];
  for (const page of pages) {
    await seat(page, "Stalls, row A, seat 1").click();
    await seat(page, "Stalls, row A, seat 2").click();
    await page.route("**/book", async (route) => {
      await new Promise<void>((go) => {
        if (arrived.push(go) === 2) {
          for (const each of arrived) {
            each();
          }
        }
      });
      await route.continue();
    });
  }
  await Promise.all(pages.map((page) => page.getByRole("button", { name: "Book 2 seats" }).click()));
  const ends = pages.map(async (page) => {
    const won = page.waitForURL(/\/app\/bookings\//).then(() => "won" as const);
    const lost = page
      .getByRole("alert")
      .getByText("gone: held by somebody else")
      .waitFor()
      .then(() => "lost" as const);
    return Promise.any([won, lost]);
  });
  const outcomes = await Promise.all(ends);
  expect(outcomes.sort()).toEqual(["lost", "won"]);
  const loser = pages.find((page) => !page.url().includes("/bookings/")) as Page;
  await loser.unroute("**/book");
  await loser.getByRole("alert").locator(".take").first().click();
  expect((await selection(loser)).length).toBe(2);
  await loser.getByRole("button", { name: "Book 2 seats" }).click();
  await loser.waitForURL(/\/app\/bookings\//);
});

test("without the stream the page asks, and shows what changed all the same", async () => {
  const event = await newEvent({ Stalls: ["aaaa", "aa"] });
  const page = await show(event, (page) => page.route("**/seats/stream", (route) => route.abort()));
  const wanted = seat(page, "Stalls, row A, seat 3");
  await wanted.waitFor();
  await hold(await customer(), event.id, ["Stalls, row A, seat 3"]);
  await wanted.waitFor({ state: "detached" });
});

test("a box office that is away is said to be, nothing is lost, and the page goes on by itself", async () => {
  const event = await newEvent({ Stalls: ["aaaa", "aa"] });
  let away = false;
  const page = await show(event, async (page) => {
    await page.route(/\/(events|book|bookings)(\/|\?|$)/, (route) =>
      away && route.request().resourceType() !== "document" ? route.abort() : route.continue(),
    );
  });
  await seat(page, "Stalls, row A, seat 1").click();
  await seat(page, "Stalls, row A, seat 2").click();
  away = true;
  await page.evaluate(() => dispatchEvent(new Event("offline"))); // the stream that is open stays so in this test
  await page.locator(".away").getByText("We cannot reach the box office.").waitFor();
  await page.getByRole("button", { name: "Book 2 seats" }).click();
  await page.locator(".notes").getByText("nothing is lost").waitFor();
  expect((await selection(page)).length).toBe(2);
  away = false;
  await page.locator(".away").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Book 2 seats" }).click();
  await page.waitForURL(/\/app\/bookings\//);
});

test("a price that changes meanwhile is shown before anything is held", async () => {
  const event = await newEvent({ Stalls: ["aaaa", "aa"] });
  const page = await show(event);
  await seat(page, "Stalls, row A, seat 1").click();
  const { token } = await call<{ token: string }>("POST", "/login", {
    body: { username: "organizer", password: "curtain-up-at-eight" },
  });
  const as = { username: "organizer", password: "", token };
  await call("PUT", `/events/${event.id}/prices`, { as, body: { prices: { Front: 3000 } } });
  await page.getByRole("alert").getByText("The price of what you chose has changed").waitFor();
  expect(await page.locator(".total strong").textContent()).toBe("$31.00");
});
