import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { asList, customer, hold, newEvent, open } from "./open";

// On a system whose catalogue needs no session: test/browser starts it.

const seat = (page: Page, name: string) => page.locator(`.seat[aria-label^="${name},"]`);

test("a stranger sees seats and chooses; who books is asked to log in, and finds the same seats chosen", async () => {
  const event = await newEvent({ Stalls: ["aaaa", "aa"] });
  const page = await open();
  await page.goto(`/app/events/${event.id}`);
  await page.locator(".hall canvas").first().waitFor();
  await asList(page);
  const other = seat(page, "Stalls, row B, seat 1");
  await other.waitFor();
  await hold(await customer(), event.id, ["Stalls, row B, seat 1"]);
  await other.waitFor({ state: "detached" });
  await seat(page, "Stalls, row A, seat 1").click();
  await seat(page, "Stalls, row A, seat 2").click();
  expect(new URL(page.url()).pathname).toBe(`/app/events/${event.id}`);

  await page.getByRole("button", { name: "Book 2 seats" }).click();
  await page.waitForURL("**/app/login?next=*");
  const buyer = await customer();
  await page.getByLabel("Username").fill(buyer.username);
  await page.getByLabel("Password", { exact: true }).fill(buyer.password);
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/app/events/${event.id}`);
  const chosen = page.locator(".chosen li .named");
  await chosen.nth(1).waitFor();
  expect(await chosen.allTextContents()).toEqual(["Stalls, row A, seat 1", "Stalls, row A, seat 2"]);
  await page.getByRole("button", { name: "Book 2 seats" }).click();
  await page.waitForURL(/\/app\/bookings\//);
});
