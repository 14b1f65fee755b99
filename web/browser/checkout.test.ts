import type { Page } from "playwright-core";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { bookingOf, breaks, declinedCard, goodCard, type Held, hold, mends, payBy, record, secondsOn } from "./house";
import { type Customer, call, customer, openAs, type Showing, showings } from "./open";

let all: Showing[];

beforeAll(async () => {
  all = await showings(await customer());
});

afterEach(mends);

/** begun is a buyer with two seats held, and the page of that booking. */
async function begun(
  showing: number,
  options: Parameters<typeof openAs>[1] = {},
): Promise<{ buyer: Customer; booking: Held; page: Page; at: string }> {
  const buyer = await customer();
  const booking = await hold(buyer, all[showing], 2);
  const page = await openAs(buyer, options);
  return { buyer, booking, page, at: `/app/bookings/${booking.id}` };
}

/** chargeFee has an organizer ask for a booking fee. */
async function chargeFee(showing: Showing | undefined): Promise<void> {
  const body = { username: "organizer", password: "curtain-up-at-eight" };
  const { token } = await call<{ token: string }>("POST", "/login", { body });
  await call("PATCH", `/events/${showing?.id}`, { as: { ...body, token }, body: { booking_fee_minor: 150 } });
}

const payButton = (page: Page) => page.getByRole("button", { name: /^Pay \$/ });
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });
const tickets = (page: Page) => page.getByRole("link", { name: "Tickets (PDF)" });

test.each([
  ["phone", { width: 390, height: 844 }],
  ["desktop", { width: 1280, height: 800 }],
] as const)(
  "two seats are bought on a %s within six presses, at the price that was said first",
  async (size, viewport) => {
    await chargeFee(all[6]);
    const buyer = await customer();
    const page = await openAs(buyer, { viewport, hasTouch: size === "phone" });
    await page.goto(`/app/events/${all[6]?.id}`);
    let presses = 0;
    const press = async (what: ReturnType<typeof page.locator>) => {
      presses++;
      await what.click();
    };
    await press(page.getByRole("button", { name: "List", exact: true }));
    await press(page.locator(".seat").nth(0));
    await press(page.locator(".seat").nth(1));
    const prices = await page.locator(".selection .amount").allTextContents();
    const total = await page.locator(".total strong").textContent();
    await press(page.getByRole("button", { name: "Book 2 seats" }));
    await heading(page, "Your seats are held").waitFor();
    expect(await page.locator(".prices .sum dd").textContent()).toBe(total);
    expect(await page.locator(".prices li > :last-child").allTextContents(), "each at its price of before").toEqual(
      prices,
    );
    expect(await page.locator(".prices dl").textContent()).toContain("Booking fees, in these prices$3.00");
    expect(await payButton(page).textContent()).toBe(`Pay ${total}`);
    const terms = page.getByText(/Tickets can be given back|Sales are final/);
    expect(await isAbove(page, terms, payButton(page)), "the terms stand above the button").toBe(true);
    expect(await page.getByRole("checkbox").count(), "nothing is ticked beforehand").toBe(0);
    await press(payButton(page));
    await page.getByLabel("Card number").waitFor();
    expect(await page.getByRole("button", { name: /^Pay / }).textContent()).toContain(total);
    await payBy(page, goodCard);
    await tickets(page).waitFor();
    expect(presses).toBeLessThanOrEqual(6);
  },
);

async function isAbove(page: Page, upper: ReturnType<Page["locator"]>, lower: ReturnType<Page["locator"]>) {
  const [a, b] = [await upper.boundingBox(), await lower.boundingBox()];
  return a !== null && b !== null && a.y + a.height <= b.y && page.url() !== "";
}

test("a card that is declined costs neither seats nor time, and another one pays", async () => {
  const before = await record();
  const { buyer, booking, page, at } = await begun(7);
  await page.goto(at);
  await payButton(page).click();
  await payBy(page, declinedCard);
  await page.getByRole("alert").getByText("Your card was declined.").waitFor();
  await page.getByRole("link", { name: "Back without paying" }).click();
  await heading(page, "Your seats are still held").waitFor();
  await page.getByText("nothing was charged").waitFor();
  expect(await secondsOn(page)).toBeGreaterThan(300);
  await page.getByRole("button", { name: "Continue to payment" }).click();
  await payBy(page, goodCard);
  await tickets(page).waitFor();
  expect((await bookingOf(buyer, booking.id)).status).toBe("completed");
  expect(await record()).toEqual({ pages: before.pages + 1, charged: before.charged + 1 });
});

test("reloading, a second tab and the back button find the same booking at every step", async () => {
  const { page, at } = await begun(8);
  const second = await page.context().newPage();
  await page.goto(at);
  await heading(page, "Your seats are held").waitFor();
  await page.reload();
  await second.goto(at);
  expect(Math.abs((await secondsOn(page)) - (await secondsOn(second)))).toBeLessThanOrEqual(5);

  await payButton(page).click();
  await page.getByLabel("Card number").waitFor();
  await page.reload();
  await page.goBack();
  await heading(page, "Your seats are still held").waitFor();
  expect(await page.getByRole("button", { name: "Continue to payment" }).getAttribute("aria-disabled")).toBe("false");
  await second.reload();
  await heading(second, "Your seats are still held").waitFor();

  await breaks({ target: "webhook", kind: "delay", event: "checkout.session.completed", delay_ms: 6_000 });
  await page.getByRole("button", { name: "Continue to payment" }).click();
  await payBy(page, goodCard);
  await heading(page, "Thank you. We are waiting for your payment").waitFor();
  await page.getByText("You can close this page").waitFor();
  await page.reload();
  await heading(page, "Thank you. We are waiting for your payment").waitFor();
  await tickets(page).waitFor();
  await tickets(second).waitFor(); // it follows without being touched
  await page.reload();
  await tickets(page).waitFor();
  await page.goBack();
  await page.getByText("This order is paid").or(tickets(page)).first().waitFor();
});

test("a page out of the browser's memory is brought up to date, and its button works", async () => {
  const { page, at } = await begun(9);
  await page.goto(at);
  await page.route(/\/c\/pay\//, (route) => route.abort("aborted")); // the browser never gets there
  const left = page.waitForEvent("requestfailed", (request) => request.url().includes("/c/pay/"));
  await payButton(page).click();
  await left;
  await page.getByRole("button", { name: "Opening the payment page …" }).waitFor();
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await page.getByRole("button", { name: "Continue to payment" }).waitFor();
});

test("however often it is pressed, and though an answer is lost, there is one payment page and one charge", async () => {
  const before = await record();
  const { page, at } = await begun(10);
  await page.goto(at);
  const asked: string[] = [];
  let lose = () => {};
  const pressed = new Promise<void>((resolve) => {
    lose = resolve;
  });
  await page.route("**/checkout", async (route) => {
    const response = await route.fetch();
    asked.push(route.request().method());
    await pressed; // each time while the answer is awaited
    await (asked.length > 1 ? route.fulfill({ response }) : route.abort());
  });
  await payButton(page).click({ clickCount: 3 });
  await page.keyboard.press("Enter");
  lose();
  await page.getByRole("alert").getByText("you are never charged twice").waitFor();
  expect(asked).toHaveLength(1);
  await payButton(page)
    .or(page.getByRole("button", { name: "Continue to payment" }))
    .click({ clickCount: 3 });
  await payBy(page, goodCard);
  await tickets(page).waitFor();
  expect(asked).toHaveLength(2);
  expect(await record()).toEqual({ pages: before.pages + 1, charged: before.charged + 1 });
});

describe("a clock that is an hour wrong", () => {
  test.each([-1, 1])("by %i changes nothing", async (hours) => {
    const { booking, page, at } = await begun(11);
    await page.addInitScript((shift) => {
      const Right = Date;
      class Wrong extends Right {
        constructor(...given: number[]) {
          super(...((given.length > 0 ? given : [Right.now() + shift]) as [number]));
        }
        static override now() {
          return Right.now() + shift;
        }
      }
      Object.assign(globalThis, { Date: Wrong });
    }, hours * 3_600_000);
    await page.goto(at);
    const left = await secondsOn(page);
    const expected = (Date.parse(booking.hold_expires_at) - Date.now()) / 1_000;
    expect(Math.abs(left - expected)).toBeLessThan(10);
    await page.reload();
    expect(await secondsOn(page)).toBeLessThanOrEqual(left);
    expect(await page.getByRole("dialog").count()).toBe(0);
  });
});

test("before the time runs out it is said twice, and one key makes it longer, ten times and more", async () => {
  const { buyer, booking, page, at } = await begun(12);
  await page.clock.install();
  await page.goto(at);
  await heading(page, "Your seats are held").waitFor();
  const dialog = page.getByRole("dialog");
  await page.clock.fastForward("06:02");
  await dialog.getByText("2 minutes left").waitFor({ state: "attached" });
  expect(await page.locator(".booking-page > [role=status]").textContent()).toBe("2 minutes left");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect((await bookingOf(buyer, booking.id)).hold_expires_at, "closing extends nothing").toBe(booking.hold_expires_at);
  await page.reload();
  await heading(page, "Your seats are held").waitFor();
  expect(await dialog.count(), "a reload does not repeat it").toBe(0);
  await page.clock.fastForward("07:01");
  await dialog.getByText("1 minute left").waitFor({ state: "attached" });
  const until = async () => Date.parse((await bookingOf(buyer, booking.id)).hold_expires_at);
  const before = await until();
  await page.keyboard.press("Enter"); // the focus is where it helps
  await dialog.waitFor({ state: "hidden" });
  await page.getByText("You have more time").waitFor();
  expect(await until()).toBe(before + 120_000);

  const more = page.locator(".time > button");
  const idle = page.locator('.time > button[aria-disabled="false"]');
  for (let pressed = 2; pressed <= 10; pressed++) {
    const answered = page.waitForResponse("**/extend");
    await more.click();
    expect((await answered).status(), `press ${pressed}`).toBe(200);
    await idle.waitFor();
  }
  expect(await until()).toBe(before + 10 * 120_000);
  while (await more.isVisible()) {
    const answered = page.waitForResponse("**/extend");
    await more.click();
    await answered;
    await page.getByText("Seats cannot be held longer than this.").or(idle).waitFor();
  }
  await page.getByText("Seats cannot be held longer than this.").waitFor();
});

test("a code is tried, kept as typed, taken and removed, and the button says what is paid then", async () => {
  const { page, at } = await begun(13);
  await page.goto(at);
  const full = await payButton(page).textContent();
  await page.getByText("I have a promotion code").click();
  await page.getByLabel("Promotion code").fill("NO-SUCH");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("There is no such code").waitFor();
  await page.reload();
  expect(await page.getByLabel("Promotion code").inputValue()).toBe("NO-SUCH");
  await page.getByLabel("Promotion code").fill("welcome");
  await page.keyboard.press("Enter");
  await page.getByText("Code WELCOME").first().waitFor();
  const less = await payButton(page).textContent();
  expect(less).not.toBe(full);
  expect(less).toBe(`Pay ${await page.locator(".prices .sum dd").textContent()}`);

  // Another tab takes the code out: this one does not lead to a price that it did not say.
  const second = await page.context().newPage();
  await second.goto(at);
  await second.getByRole("button", { name: "Remove" }).click();
  await second.getByRole("button", { name: full ?? "" }).waitFor();
  await payButton(page).click();
  await page.getByRole("alert").getByText("The price has changed").waitFor();
  await page.getByRole("button", { name: "Continue to payment" }).click();
  await page.getByRole("button", { name: full ?? "" }).waitFor();
});

test("seats that are let go are free at once, and it is asked before", async () => {
  const { booking, page, at } = await begun(14);
  await page.goto(at);
  const letGo = page.getByRole("button", { name: "Let go of the seats" });
  await letGo.click();
  await page.getByRole("button", { name: "Keep them" }).click();
  await letGo.click();
  await page.getByRole("button", { name: "Yes, let go" }).click();
  await heading(page, "This booking was let go").waitFor();
  expect(await page.evaluate(() => document.activeElement?.tagName), "the focus is where it went on").toBe("H1");
  await page.getByText("Nothing was charged.").first().waitFor();
  const rival = await customer();
  const taken = await hold(rival, all[14], 2);
  expect(taken.tickets.map(({ id }) => id)).toEqual(booking.tickets.map(({ id }) => id));
});

test("whoever waits for long is told what happens next, and can ask again", async () => {
  const { booking, page, at } = await begun(15);
  await page.clock.install();
  await page.goto(at);
  await payButton(page).click();
  await page.getByLabel("Card number").waitFor();
  await page.goto(`${at}?returned=paid`); // as it is where the notice does not come
  await heading(page, "Thank you. We are waiting for your payment").waitFor();
  await page.clock.fastForward("02:05");
  await page.getByRole("heading", { name: "This takes longer than usual" }).waitFor();
  await page.getByText(`Your booking is ${booking.reference}.`).waitFor();
  await page.getByRole("button", { name: "Check again" }).click();
  await page.getByText("Checked just now").waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Go to the payment page" }).click();
  await payBy(page, goodCard);
  await tickets(page).waitFor();
});

test("a server that is away is said, refuses nothing for good, and is found again without a press", async () => {
  const { page, at } = await begun(16);
  await page.goto(at);
  await heading(page, "Your seats are held").waitFor();
  await page.getByText("I have a promotion code").click();
  await page.getByLabel("Promotion code").fill("typed");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "More time" }).click();
  await page.getByRole("alert").getByText("nothing is lost").waitFor();
  await page.getByText("we keep trying").waitFor();
  await payButton(page).click();
  await page.getByRole("alert").getByText("Press again").waitFor();
  await page.context().setOffline(false);
  await page.getByText("we keep trying").waitFor({ state: "detached" });
  expect(await page.getByLabel("Promotion code").inputValue()).toBe("typed");
  await payButton(page).click();
  await page.getByLabel("Card number").waitFor();
});

test("tickets that are given back are followed until the money is back", async () => {
  const { buyer, booking, page, at } = await begun(17);
  await page.goto(at);
  await payButton(page).click();
  await payBy(page, "4000 0000 0000 7726"); // whose refunds take a moment
  await tickets(page).waitFor();
  await call("POST", `/bookings/${booking.id}/cancel`, { as: buyer, body: {} });
  await page.reload();
  await heading(page, "Your money is on its way back").or(heading(page, "Your money is back")).waitFor();
  await heading(page, "Your money is back").waitFor();
  await page.getByText("went to the card you paid with").waitFor();
});
