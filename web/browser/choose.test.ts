import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { arena, asList, call, customer, hold, newEvent, open, openAs, type Showing, tabTo } from "./open";

const seat = (page: Page, name: string) => page.locator(`.seat[aria-label^="${name},"]`);
const selection = (page: Page) => page.locator(".chosen li .named").allTextContents();
const total = (page: Page) => page.locator(".total strong").textContent();

/** show opens an event's list of seats. */
async function show(event: Showing, as: Parameters<typeof openAs>[0]): Promise<Page> {
  const page = await openAs(as);
  await page.goto(`/app/events/${event.id}`);
  await asList(page);
  await page.locator(".section").first().waitFor();
  for (const section of await page.locator(".section").all()) {
    if (!(await section.evaluate((element) => (element as HTMLDetailsElement).open))) {
      await section.locator("summary").click();
    }
  }
  await page.locator(".seat").first().waitFor();
  return page;
}

describe("a party", () => {
  test("is seated side by side by one tap, or offered the nearest seats, and held in one request", async () => {
    const event = await newEvent({ Stalls: ["aaa aaa", "aaaaaa", "aaaaaa"] });
    const page = await show(event, await customer());
    await page.getByLabel("How many seats a tap chooses").selectOption("4");
    await seat(page, "Stalls, row A, seat 2").click();
    expect(await selection(page)).toEqual([]);
    const offer = page.locator(".elsewhere");
    await offer.getByText("No 4 free seats are side by side here.").waitFor();
    await offer.getByRole("button").click();
    expect(await selection(page)).toEqual([1, 2, 3, 4].map((n) => `Stalls, row B, seat ${n}`));
    await seat(page, "Stalls, row B, seat 4").click(); // a chosen one: one fewer
    await seat(page, "Stalls, row B, seat 5").click(); // and another in its place
    await page.locator(".alone").waitFor(); // seat 4 is alone now
    await page
      .locator(".alone")
      .getByRole("button", { name: /^Move to/ })
      .click();
    await page.locator(".alone").waitFor({ state: "detached" });
    expect(await total(page)).toBe("$44.00");

    const requests: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST") {
        requests.push(new URL(request.url()).pathname);
      }
    });
    await page.getByRole("button", { name: "Book 4 seats" }).click();
    await page.waitForURL(/\/app\/bookings\//);
    expect(requests).toEqual(["/book"]);
  });
});

describe("a seat that would be left alone", () => {
  test("is warned of before booking, and taken with one tap", async () => {
    const page = await show(await newEvent({ Stalls: ["aaaa", "aa"] }), await customer());
    await seat(page, "Stalls, row A, seat 2").click();
    await seat(page, "Stalls, row A, seat 3").click();
    await page.locator(".alone").getByRole("button", { name: "Keep my seats as they are" }).waitFor();
    await page
      .locator(".alone")
      .getByRole("button", { name: /^Move to Stalls, row A, seats 1, 2/ })
      .click();
    expect(await selection(page)).toEqual(["Stalls, row A, seat 1", "Stalls, row A, seat 2"]);
    expect(await page.locator(".alone").count()).toBe(0);
  });

  test("is refused by the server where the event asks for that, with what can be had instead", async () => {
    const event = await newEvent({ Stalls: ["aaaaaaaa", "aaaa"] }, { orphan_rule: "refuse" });
    const page = await show(event, await customer());
    await seat(page, "Stalls, row A, seat 2").click();
    await page.locator('.alone[data-refused="true"]').waitFor();
    await page.getByRole("button", { name: "Book 1 seat" }).click();
    const alert = page.getByRole("alert");
    await alert.getByText("This leaves Stalls, row A, seat 1 alone").waitFor();
    expect(await selection(page)).toEqual(["Stalls, row A, seat 2"]);
    await alert.locator(".take").first().click();
    expect(await page.locator(".alone").count()).toBe(0);
    await page.getByRole("button", { name: "Book 1 seat" }).click();
    await page.waitForURL(/\/app\/bookings\//);
  });
});

test("price, category and wheelchair places narrow together, and how many fit is said", async () => {
  const page = await show(await newEvent({ Stalls: ["aawcaa", "aaaa"], Circle: ["aaa", "aa"] }), await customer());
  const fitting = page.locator(".fitting");
  await page.getByRole("button", { name: /^Back \$21/ }).click();
  await fitting.getByText("6 free seats fit").waitFor();
  await page.getByRole("status").getByText("6 free seats fit").waitFor();
  expect(await page.locator(".section summary").allTextContents()).toEqual(["Stalls4 free", "Circle2 free"]);
  await page.getByRole("button", { name: /^Wheelchair places/ }).click();
  await fitting.getByText("0 free seats fit").waitFor();
  await page.getByRole("button", { name: /^Back \$21/ }).click();
  await fitting.getByText("2 free seats fit").waitFor();
  expect(await page.locator(".seat").count()).toBe(2);
  await fitting.getByRole("button").click();
  expect(await page.locator(".fitting").count()).toBe(0);
});

test("the best seats are held with a wheelchair place among them; apart, only where the buyer says so", async () => {
  const event = await newEvent({ Stalls: ["aaa wcaa", "aaa"] });
  const buyer = await customer();
  const page = await show(event, buyer);
  await page.getByText("Find the best seats for me").click();
  await page.getByLabel("Seats", { exact: true }).selectOption("5");
  await page.getByRole("button", { name: /^Wheelchair places/ }).click();
  expect(await page.getByLabel("Wheelchair places among them").inputValue()).toBe("1");
  await page.getByRole("button", { name: "Hold the best 5 seats" }).click();
  await page.getByRole("alert").getByText("nowhere side by side").waitFor();
  await page.getByLabel("Seats", { exact: true }).selectOption("4");
  await page.getByRole("button", { name: "Hold the best 4 seats" }).click();
  await page.waitForURL(/\/app\/bookings\//);
  const { bookings } = await call<{ bookings: { tickets: { seat: string }[] }[] }>("GET", "/bookings", { as: buyer });
  expect(bookings[0]?.tickets.map((ticket) => ticket.seat).sort()).toEqual(
    [4, 5, 6, 7].map((n) => `Stalls, row A, seat ${n}`),
  );

  const other = await show(event, await customer());
  await other.getByText("Find the best seats for me").click();
  await other.getByLabel("Seats", { exact: true }).selectOption("5");
  await other.getByRole("button", { name: "Hold the best 5 seats" }).click();
  await other.getByRole("button", { name: "Take seats near each other instead" }).click();
  await other.waitForURL(/\/app\/bookings\//);
});

test("a wheelchair place is kept for who says that it is needed, and is bought with its neighbours like any other seat", async () => {
  const page = await show(await newEvent({ Stalls: ["wcaaa", "aaaaa"] }), await customer());
  await page.getByLabel("How many seats a tap chooses").selectOption("4");
  await seat(page, "Stalls, row A, seat 1").click();
  expect(await selection(page)).toEqual([1, 2, 3, 4].map((n) => `Stalls, row A, seat ${n}`));
  await page.getByRole("button", { name: "Book 4 seats" }).click();
  const alert = page.getByRole("alert");
  await alert.getByText(/kept for people who use a wheelchair/).waitFor();
  expect((await selection(page)).length).toBe(4);
  await alert.getByRole("button", { name: "I need it, or who comes with me does: book it" }).click();
  await page.waitForURL(/\/app\/bookings\//);
});

test("the seats of a held booking are changed, and its banner leads there", async () => {
  const event = await newEvent({ Stalls: ["aaaa", "aa"] });
  const buyer = await customer();
  const booking = await hold(buyer, event.id, ["Stalls, row A, seat 1", "Stalls, row A, seat 2"]);
  const page = await show(event, buyer);
  await page.getByText("You hold 2 seats (A1, A2)").waitFor();
  expect(await seat(page, "Stalls, row A, seat 1").count()).toBe(0);
  await page.getByRole("link", { name: "Change its seats" }).click();
  await page.getByRole("heading", { name: "Change your seats" }).waitFor();
  expect(await selection(page)).toEqual(["Stalls, row A, seat 1", "Stalls, row A, seat 2"]);
  const change = page.getByRole("button", { name: "Change seats" });
  expect(await change.isDisabled()).toBe(true);
  await seat(page, "Stalls, row A, seat 1").click();
  await page.reload();
  await seat(page, "Stalls, row A, seat 3").click();
  await change.click();
  await page.waitForURL(`**/app/bookings/${booking.id}`);
  const { tickets } = await call<{ tickets: { seat: string }[] }>("GET", `/bookings/${booking.id}`, { as: buyer });
  expect(tickets.map((ticket) => ticket.seat).sort()).toEqual(["Stalls, row A, seat 2", "Stalls, row A, seat 3"]);
});

test("a second change begins with the seats of the first", async () => {
  const event = await newEvent({ Stalls: ["aaaa", "aa"] });
  const buyer = await customer();
  const booking = await hold(buyer, event.id, ["Stalls, row A, seat 1"]);
  const page = await openAs(buyer);
  await page.goto(`/app/events/${event.id}?change=${booking.id}`);
  await asList(page);
  const change = async (from: string, to: string) => {
    expect(await selection(page)).toEqual([from]);
    await seat(page, from).click();
    await seat(page, to).click();
    await page.getByRole("button", { name: "Change seats" }).click();
    await page.waitForURL(`**/app/bookings/${booking.id}`);
  };
  await seat(page, "Stalls, row A, seat 1").waitFor();
  await change("Stalls, row A, seat 1", "Stalls, row A, seat 2");
  await page.getByRole("timer").waitFor();
  await page.goBack();
  await seat(page, "Stalls, row A, seat 2").waitFor();
  await change("Stalls, row A, seat 2", "Stalls, row A, seat 4");
  const { tickets } = await call<{ tickets: { seat: string }[] }>("GET", `/bookings/${booking.id}`, { as: buyer });
  expect(tickets.map((ticket) => ticket.seat)).toEqual(["Stalls, row A, seat 4"]);
});

test("who has seats of it already is asked once before more are held", async () => {
  const free = { prices: { Front: 0, Back: 0 }, booking_fee_minor: 0 };
  const event = await newEvent({ Stalls: ["aaaa", "aa"] }, free);
  const buyer = await customer();
  const booking = await hold(buyer, event.id, ["Stalls, row A, seat 1", "Stalls, row A, seat 2"]);
  await call("POST", `/bookings/${booking.id}/checkout`, { as: buyer, body: { email: "ada@example.com" } });
  await expect
    .poll(() => call<{ status: string }>("GET", `/bookings/${booking.id}`, { as: buyer }), { timeout: 45_000 })
    .toMatchObject({ status: "completed" });
  const page = await show(event, buyer);
  await seat(page, "Stalls, row A, seat 3").click();
  const book = page.getByRole("button", { name: "Book 1 seat", exact: true });
  await book.click();
  const question = page.getByRole("alert").filter({ hasText: "You already have 2 seats (A1, A2) for this. Buy more?" });
  await question.getByRole("button", { name: "No", exact: true }).click();
  expect(await question.count()).toBe(0);
  await book.click();
  await question.getByRole("button", { name: "Yes, book 1 seat more" }).click();
  await page.waitForURL(/\/app\/bookings\//);
});

test("where there can be no picture, the list is enough to buy", async () => {
  const event = await newEvent({ Stalls: ["aaaa", "aa"] });
  const page = await openAs(await customer());
  await page.addInitScript(() => {
    HTMLCanvasElement.prototype.getContext = () => null;
  });
  await page.goto(`/app/events/${event.id}`);
  await seat(page, "Stalls, row A, seat 1").click();
  expect(await page.getByRole("button", { name: "Map", exact: true }).count()).toBe(0);
  await seat(page, "Stalls, row A, seat 2").click();
  await page.getByRole("button", { name: "Book 2 seats" }).click();
  await page.waitForURL(/\/app\/bookings\//);
});

test("a hall of 10,000 seats is a few rows until a section is opened, and is bought from with the keyboard alone", async () => {
  const event = await newEvent(arena);
  const page = await open();
  await page.goto(`/app/events/${event.id}`);
  const buyer = await customer();
  await page.getByLabel("Username").fill(buyer.username);
  await page.getByLabel("Password", { exact: true }).fill(buyer.password);
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("button", { name: "List", exact: true }));
  await page.keyboard.press("Enter");
  const sections = page.locator(".section");
  await sections.nth(19).waitFor();
  expect(await page.locator(".seat").count()).toBe(0);
  await tabTo(page, sections.nth(1).locator("summary"));
  await page.keyboard.press("Enter");
  await page.locator(".seat").first().waitFor();
  expect(await page.locator(".seat").count()).toBe(500);
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Space");
  await expect.poll(() => selection(page)).toEqual(["Section 102, row B, seat 24", "Section 102, row B, seat 25"]);
  await page.getByRole("status").getByText("Section 102, row B, seat 24 chosen. 2 seats, $22.00.").waitFor();
  await tabTo(page, page.getByRole("button", { name: "Book 2 seats" }));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/app\/bookings\//);
});
