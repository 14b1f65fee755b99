import { expect, test } from "vitest";
import { type Customer, customer, openAs, type Showing, showings } from "./open";

async function aShowing(as: Customer): Promise<Showing> {
  const found = (await showings(as)).find(({ name }) => /^[A-Za-z]{5,}/.test(name));
  if (!found) {
    throw new Error("nothing is on whose name is a word");
  }
  return found;
}

/** mistyped swaps two letters of the first word. */
function mistyped(name: string): string {
  const word = name.split(" ")[0] ?? "";
  return `${word.slice(0, 2)}${word[3]}${word[2]}${word.slice(4)}`;
}

test("a search forgives typos, lives in the address bar, and goes back and forward", async () => {
  const buyer = await customer();
  const showing = await aShowing(buyer);
  const page = await openAs(buyer);
  await page.goto("/app?city=*");
  const told = page.locator(".told");
  await told.waitFor();
  const all = await told.textContent();
  await page.getByRole("combobox", { name: "Search" }).fill(mistyped(showing.name));
  await page.waitForURL((url) => url.searchParams.get("q") === mistyped(showing.name));
  await page.getByRole("heading", { level: 2, name: showing.name, exact: true }).waitFor();
  await page.getByRole("combobox", { name: "Search" }).press("Escape");

  await page.getByLabel("With free seats").check();
  await page.waitForURL((url) => url.searchParams.get("available") === "true");
  await page.goBack();
  await expect.poll(() => page.getByLabel("With free seats").isChecked()).toBe(false);
  await page.goBack();
  await expect.poll(() => page.getByRole("combobox", { name: "Search" }).inputValue()).toBe("");
  await expect.poll(() => told.textContent()).toBe(all);
  await page.goForward();
  await expect.poll(() => page.getByRole("combobox", { name: "Search" }).inputValue()).toBe(mistyped(showing.name));
  await page.reload();
  await page.getByRole("heading", { level: 2, name: showing.name, exact: true }).waitFor();
});

test("facets count what they would find, and narrow to that", async () => {
  const page = await openAs(await customer());
  await page.goto("/app?city=*");
  const genre = page.getByLabel("Genre");
  await expect.poll(() => genre.locator("option").count()).toBeGreaterThan(1);
  const option = genre.locator("option").nth(1);
  const n = /\((\d+)\)$/.exec((await option.textContent()) ?? "")?.[1];
  await genre.selectOption({ index: 1 });
  await page.getByText(new RegExp(`^${n} showing`)).waitFor();
  await page.getByRole("button", { name: "Clear filters" }).click();
  const day = page.getByRole("navigation", { name: "Day" }).getByRole("link").nth(1);
  const ofDay = await day.locator(".soft").textContent();
  await day.click();
  await page.getByText(new RegExp(`^${ofDay} showing`)).waitFor();
  expect(new URL(page.url()).searchParams.get("day")).toMatch(/^\d{4}-\d{2}-\d{2}$/);
});

test("what is near is shown first of all, with its distance; another city can be typed", async () => {
  const { venue } = await aShowing(await customer());
  const city = `${venue.city}, ${venue.state}`;
  const page = await openAs(await customer(city));
  await page.goto("/app");
  await page.getByRole("heading", { level: 1, name: `What’s on near ${city}` }).waitFor();
  await page
    .getByText(/· \d+(\.\d)? mi$/)
    .first()
    .waitFor();
  const where = page.getByRole("combobox", { name: "City" });
  await where.click();
  await page.getByRole("option", { name: "Anywhere in the country" }).click();
  await page.getByRole("heading", { level: 1, name: "What’s on", exact: true }).waitFor();
  await where.fill(venue.city.slice(0, 4));
  await page.getByRole("option", { name: city }).waitFor();
  await where.press("ArrowDown");
  await where.press("Enter");
  await page.waitForURL((url) => url.searchParams.get("city") !== "*");
  await page.getByRole("heading", { level: 1, name: /near/ }).waitFor();
  expect(await where.evaluate((field) => field === document.activeElement)).toBe(true);
});

test("an answer that was overtaken is not shown", async () => {
  const buyer = await customer();
  const showing = await aShowing(buyer);
  const page = await openAs(buyer);
  await page.goto("/app?city=*");
  await page.locator(".told").waitFor();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/search?*q=zzzz*", async (route) => {
    await held;
    await route.continue().catch(() => undefined); // it was broken off
  });
  const box = page.getByRole("combobox", { name: "Search" });
  const asked = page.waitForRequest("**/search?*q=zzzz*");
  await box.fill("zzzz");
  await asked;
  const answered = page.waitForResponse((response) => new URL(response.url()).searchParams.get("q") === showing.name);
  await box.fill(showing.name);
  await answered;
  const found = page.getByRole("heading", { level: 2, name: showing.name, exact: true });
  await found.waitFor();
  release();
  await page.evaluate(() => fetch("/me")); // what was released before is here by now
  expect(await found.count()).toBe(1);
});

test("while search is away the catalogue stands in, and search comes back by itself", async () => {
  const page = await openAs(await customer());
  let away = true;
  await page.route("**/search?*", (route) => {
    const problem = {
      type: "/problems/unavailable",
      title: "",
      status: 503,
      detail: "Search is away.",
      request_id: "1",
    };
    const headers = { "Content-Type": "application/problem+json", "Retry-After": "1" };
    return away ? route.fulfill({ status: 503, headers, body: JSON.stringify(problem) }) : route.continue();
  });
  await page.goto("/app?city=*");
  await page.getByText("Search is away for a moment.").waitFor();
  expect(await page.locator(".card.title").count()).toBeGreaterThan(0);
  away = false;
  await page.getByText("Search is away for a moment.").waitFor({ state: "detached" });
  await page.getByLabel("Genre").waitFor();
});

test("nothing found says what to do, and a broken line offers another try", async () => {
  const page = await openAs(await customer());
  await page.goto("/app?city=*&q=qxqxqxqx&available=true");
  await page.getByRole("heading", { name: "Nothing matches that" }).waitFor();
  await page.getByRole("main").getByRole("button", { name: "Clear filters" }).last().click();
  await page.waitForURL((url) => !url.searchParams.has("available"));

  await page.route("**/titles/*", (route) =>
    route.request().resourceType() === "document" ? route.continue() : route.abort(),
  );
  await page.goto("/app/titles/0199a1b2-0000-7000-8000-0000000000b1");
  await page.getByRole("alert").getByText("We cannot reach the box office.").waitFor();
  await page.unroute("**/titles/*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { name: "This is not here" }).waitFor();
});
