import { expect, test } from "vitest";
import { asList, call, customer, newName, open, openAs, password, patience, showings, tabTo } from "./open";

test("a newcomer signs up, searches, chooses, books, pays and has tickets, with the keyboard alone", async () => {
  const [showing] = await showings(await customer());
  if (!showing) {
    throw new Error("nothing is on");
  }
  const page = await open();
  const keys = page.keyboard;
  await page.goto("/app");
  await page.waitForURL("**/app/login");
  await tabTo(page, page.getByRole("main").getByRole("link", { name: "Sign up" }));
  await keys.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Sign up" }).waitFor();
  await tabTo(page, page.getByLabel("Username"));
  await keys.type(newName());
  await tabTo(page, page.getByLabel("E-mail"));
  await keys.type("ada@example.com");
  await tabTo(page, page.getByLabel("Password", { exact: true }));
  await keys.type(password);
  await keys.press("Enter");
  await page.waitForURL("**/app");

  // Search: the suggestion, then the showing.
  await tabTo(page, page.getByRole("combobox", { name: "Search" }));
  await keys.type(showing.name.slice(0, 6));
  const suggestion = page.getByRole("option", { name: showing.name });
  await suggestion.first().waitFor();
  for (let i = 0; !(await suggestion.first().getAttribute("aria-selected"))?.includes("true"); i++) {
    expect(i).toBeLessThan(10);
    await keys.press("ArrowDown");
  }
  await keys.press("Enter");
  await page.getByRole("heading", { level: 1, name: showing.name }).waitFor();
  const time = page.locator(".showing").first();
  await tabTo(page, time);
  await keys.press("Enter");

  // Seats: the list, one Tab into it, arrows in it.
  await page.getByRole("heading", { name: "Choose your seats" }).waitFor();
  await tabTo(page, page.getByRole("button", { name: "List", exact: true }));
  await keys.press("Enter");
  await tabTo(page, page.locator(".seat").first());
  await keys.press("Space");
  await keys.press("ArrowRight");
  await keys.press("Space");
  await keys.press("ArrowDown");
  await keys.press("ArrowUp");
  await keys.press("Home");
  expect(await page.locator('.seat[aria-pressed="true"]').count()).toBe(2);
  expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-pressed"))).toBe("true");
  const total = await page.locator(".total strong").textContent();
  await tabTo(page, page.getByRole("button", { name: "Book 2 seats" }));
  await keys.press("Enter");

  // Pay where the provider's page is, and come back to tickets.
  await page.waitForURL(/\/app\/bookings\/[0-9a-f-]{36}$/);
  const pay = page.getByRole("button", { name: /^Pay / });
  expect(await pay.textContent()).toBe(`Pay ${total}`);
  await tabTo(page, pay);
  await keys.press("Enter");
  await tabTo(page, page.getByLabel(/Card number/i));
  await keys.type("4242 4242 4242 4242");
  await keys.press("Enter");
  await page.waitForURL(/\/app\/bookings\/[0-9a-f-]{36}\?returned=paid$/);
  await page.getByRole("link", { name: "Tickets (PDF)" }).waitFor({ timeout: patience });

  await page.goto("/app/bookings");
  const booking = page.getByRole("article").filter({ hasText: showing.name });
  await booking.getByText("Tickets ready").waitFor();
  const pdf = await booking.getByRole("link", { name: "Tickets (PDF)" }).getAttribute("href");
  const file = await page.request.get(pdf ?? "");
  expect(file.headers()["content-type"]).toBe("application/pdf");
});

test("a double click books once, and so does a press after the answer was lost", async () => {
  const buyer = await customer();
  const showing = (await showings(buyer))[1];
  const page = await openAs(buyer);
  await page.goto(`/app/events/${showing?.id}`);
  await asList(page);
  await page.locator(".seat").first().click();

  const keys: string[] = [];
  await page.route("**/book", async (route) => {
    keys.push((await route.request().headerValue("Idempotency-Key")) ?? "");
    const response = await route.fetch();
    if (keys.length === 1) {
      expect(response.status()).toBe(201); // it is booked, and the buyer does not hear of it
      await route.abort();
    } else {
      await route.fulfill({ response });
    }
  });
  const book = page.getByRole("button", { name: "Book 1 seat" });
  await book.dblclick();
  await page.getByRole("alert").getByText("nothing is lost").waitFor();
  await book.click();
  await page.waitForURL(/\/app\/bookings\//);
  expect(keys).toHaveLength(2);
  expect(keys[1]).toBe(keys[0]);
  const { bookings } = await call<{ bookings: unknown[] }>("GET", "/bookings", { as: buyer });
  expect(bookings).toHaveLength(1);
});

test("a seat that somebody else was quicker for is named, and the others are kept", async () => {
  const [buyer, rival] = [await customer(), await customer()];
  const showing = (await showings(buyer))[2];
  const page = await openAs(buyer);
  await page.goto(`/app/events/${showing?.id}`);
  await asList(page);
  const seats = page.locator(".seat");
  const lost = await seats.nth(0).getAttribute("aria-label");
  await seats.nth(0).click();
  await seats.nth(1).click();
  await seats.nth(2).click();
  const { tickets } = await call<{ tickets: { id: string; seat: string }[] }>("GET", `/events/${showing?.id}`, {
    as: rival,
  });
  const rivals = tickets.find(({ seat }) => lost?.startsWith(seat));
  await page.route("**/book", async (route) => {
    await call("POST", "/book", { as: rival, body: [rivals?.id] }); // later, and the page would have seen it
    await route.continue();
  });

  await page.getByRole("button", { name: "Book 3 seats" }).click();
  const alert = page.getByRole("alert");
  await alert.getByText(`${rivals?.seat} is gone: held by somebody else`).waitFor();
  await alert.getByText("Your other 2 seats are still chosen.").waitFor();
  await page.locator(`.seat[aria-label="${lost}"]`).waitFor({ state: "detached" });
  await page.unroute("**/book");
  await page.reload(); // the selection outlasts it
  await page.getByRole("button", { name: "Book 2 seats" }).click();
  await page.waitForURL(/\/app\/bookings\//);

  // A second booking of the same showing: where to go instead is said.
  await page.goto(`/app/events/${showing?.id}`);
  await page.locator(".seat").last().click(); // the first may be one that was just booked; still the list: who likes it better keeps it
  await page.getByRole("button", { name: "Book 1 seat" }).click();
  await page.getByRole("alert").getByRole("link", { name: "Go to that booking" }).click();
  await page.waitForURL(/\/app\/bookings\//);
});

test("no more seats are chosen than one booking may have", async () => {
  const buyer = await customer();
  const showing = (await showings(buyer))[3];
  const page = await openAs(buyer);
  await page.goto(`/app/events/${showing?.id}`);
  await asList(page);
  const seats = page.locator(".seat");
  for (let i = 0; i < 11; i++) {
    await seats.nth(i).click();
  }
  await page.locator(".total").getByText("You can book up to 10 seats at once.").waitFor();
  expect(await page.locator('.seat[aria-pressed="true"]').count()).toBe(10);
});
