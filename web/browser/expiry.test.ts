import { afterEach, beforeAll, expect, test } from "vitest";
import { bookingOf, breaks, goodCard, type Held, hold, mends, payBy } from "./house";
import { type Customer, call, customer, newEvent, openAs, type Showing, showings } from "./open";

// These run on a system whose holds end after seconds.

let all: Showing[];

interface Begun {
  buyer: Customer;
  booking: Held;
}

/** Buyers whose holds end while the first test runs: one of them needs a wheelchair place, one has a payment page open then. */
let gone: Begun;
let seated: Begun;
let paying: Begun;
let paymentPage: string;

beforeAll(async () => {
  all = await showings(await customer());
  [gone, paying, seated] = [await begun(1), await begun(3), await begunInWheelchair()];
  const { checkout_url } = await call<{ checkout_url: string }>("POST", `/bookings/${paying.booking.id}/checkout`, {
    as: paying.buyer,
  });
  paymentPage = checkout_url;
});

async function begun(showing: number): Promise<Begun> {
  const buyer = await customer();
  return { buyer, booking: await hold(buyer, all[showing], 2) };
}

async function begunInWheelchair(): Promise<Begun> {
  const buyer = await customer();
  const { id } = await newEvent({ Stalls: ["wcaaa", "aaaaa"] });
  const { tickets } = await call<Held>("GET", `/events/${id}`, { as: buyer });
  const places = tickets.slice(0, 2).map((ticket) => ticket.id);
  return { buyer, booking: await call("POST", "/book?accessible=true", { as: buyer, body: places }) };
}

afterEach(mends);

test("a hold that ends is said in its place, and the same seats are held again by one press, with the code", async () => {
  const buyer = await customer();
  const booking = await hold(buyer, all[0], 2);
  const page = await openAs(buyer);
  await page.goto(`/app/bookings/${booking.id}`);
  await page.getByText("I have a promotion code").click();
  await page.getByLabel("Promotion code").fill("welcome");
  const elsewhere = await page.context().newPage();
  await elsewhere.goto(`/app/bookings/${booking.id}`);
  await elsewhere.getByRole("link", { name: "What’s on" }).first().click();
  await elsewhere.getByRole("heading", { level: 1, name: /What’s on/ }).waitFor();

  await page.getByRole("heading", { level: 1, name: "Your seats are no longer held" }).waitFor();
  expect(new URL(page.url()).pathname).toBe(`/app/bookings/${booking.id}`);
  await page.getByText("Nothing was charged.").waitFor();
  expect(await elsewhere.getByRole("dialog").count(), "who has left is not disturbed").toBe(0);

  await page.getByRole("button", { name: "Hold the same seats again" }).dblclick();
  await page.getByRole("heading", { level: 1, name: "Your seats are held" }).waitFor();
  await page.getByText("Code WELCOME").first().waitFor();
  const { bookings } = await call<{ bookings: (typeof booking)[] }>("GET", "/bookings", { as: buyer });
  expect(bookings).toHaveLength(2);
  const seats = ({ tickets }: typeof booking) => tickets.map(({ id }) => id).sort();
  expect(seats(bookings[0] as typeof booking)).toEqual(seats(booking));
});

test("where the seats are gone, what comes closest is offered and held by one press", async () => {
  const { buyer, booking } = gone;
  const page = await openAs(buyer);
  await page.goto(`/app/bookings/${booking.id}`);
  await page.getByRole("heading", { level: 1, name: "Your seats are no longer held" }).waitFor();
  await call("POST", "/book", { as: await customer(), body: [booking.tickets[0]?.id] });
  await page.getByRole("button", { name: "Hold the same seats again" }).click();
  const alert = page.getByRole("alert");
  await alert.getByText("Some of these seats are gone.").waitFor();
  await alert
    .getByRole("button", { name: /^Hold .*\$/ })
    .first()
    .click();
  await page.getByRole("heading", { level: 1, name: "Your seats are held" }).waitFor();
});

test("a wheelchair place is held again for whom it was held", async () => {
  const page = await openAs(seated.buyer);
  await page.goto(`/app/bookings/${seated.booking.id}`);
  await page.getByRole("button", { name: "Hold the same seats again" }).click();
  await page.getByRole("heading", { level: 1, name: "Your seats are held" }).waitFor();
});

test("a payment that was made in time is not cut off when the hold ends before anybody hears of it", async () => {
  const buyer = await customer();
  const booking = await hold(buyer, all[2], 1);
  await breaks({ target: "webhook", kind: "drop" });
  const page = await openAs(buyer);
  await page.goto(`/app/bookings/${booking.id}`);
  await page.getByRole("button", { name: /^Pay \$/ }).click();
  await payBy(page, goodCard);
  await page.getByText("The time to pay cannot run out on you now.").waitFor();
  await page.getByRole("link", { name: "Tickets (PDF)" }).waitFor();
  expect((await bookingOf(buyer, booking.id)).status).toBe("completed");
});

test("whoever is still typing when the hold ends is charged nothing, and reads so", async () => {
  const { buyer, booking } = paying;
  await expect.poll(async () => (await bookingOf(buyer, booking.id)).status).toBe("expired");
  const page = await openAs(buyer);
  await page.goto(paymentPage);
  await page.getByText("nothing was charged on it").waitFor();
  await page.getByRole("link", { name: "Back to the shop" }).click();
  await page.getByRole("heading", { level: 1, name: "Your seats are no longer held" }).waitFor();
  await page.getByText("Nothing was charged.").waitFor();
});
