import { expect, test } from "vitest";
import { customer, newName, open, password, showings } from "./open";

test("who is not logged in logs in and returns to where they were going", async () => {
  const buyer = await customer();
  const [showing] = await showings(buyer);
  const page = await open();
  await page.goto(`/app/events/${showing?.id}?from=mail`);
  await page.waitForURL(/\/app\/login\?next=/);
  await page.getByLabel("Username").fill(buyer.username);
  await page.getByLabel("Password", { exact: true }).fill("wrong horse battery");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("alert").getByText("Username or password is wrong.").waitFor();
  await page.getByLabel("Password", { exact: true }).fill(buyer.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(`**/app/events/${showing?.id}?from=mail`);
  await page.getByRole("heading", { level: 1, name: showing?.name ?? "" }).waitFor();

  await page.route("**/logout", (route) => route.abort());
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("button", { name: "Not logged out: try again" }).waitFor();
  await page.unroute("**/logout");
  await page.getByRole("button", { name: "Not logged out" }).click();
  await page.waitForURL("**/app/login");
  await page.goto("/app/bookings");
  await page.waitForURL(/\/app\/login/); // the session is over on the server, too
});

test("a link to a booking asks to log in, and is returned to", async () => {
  const buyer = await customer();
  const page = await open();
  const booking = "/app/bookings/0199a1b2-0000-7000-8000-0000000000b1";
  await page.goto(booking);
  await page.getByLabel("Username").fill(buyer.username);
  await page.getByLabel("Password", { exact: true }).fill(buyer.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(`**${booking}`);
});

test("another origin is not returned to", async () => {
  const buyer = await customer();
  for (const next of ["https://evil.test/", "//evil.test", "/\\evil.test"]) {
    const page = await open();
    await page.goto(`/app/login?next=${encodeURIComponent(next)}`);
    await page.getByLabel("Username").fill(buyer.username);
    await page.getByLabel("Password", { exact: true }).fill(buyer.password);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL((url) => url.pathname === "/app");
  }
});

test("what is wrong with a form is said beside its field, and a password manager finds its way", async () => {
  const page = await open();
  await page.goto("/app/signup");
  const username = page.getByLabel("Username");
  const secret = page.getByLabel("Password", { exact: true });
  expect(await username.getAttribute("autocomplete")).toBe("username");
  expect(await secret.getAttribute("autocomplete")).toBe("new-password");
  await username.fill("a");
  await secret.fill("Password1");
  await page.getByLabel("Your city").fill("Chico");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("alert").waitFor();
  for (const [field, says] of [
    [username, /3 to 40/],
    [secret, /best-known/],
    [page.getByLabel("Your city"), /City, ST|state/i],
  ] as const) {
    expect(await field.getAttribute("aria-invalid")).toBe("true");
    const beside = (await field.getAttribute("aria-describedby"))?.split(" ").find((id) => id.endsWith("-wrong"));
    expect(await page.locator(`#${beside}`).textContent()).toMatch(says);
  }
  expect(await page.getByLabel("E-mail").getAttribute("aria-invalid")).toBeNull();

  await username.fill(newName());
  await secret.fill(password);
  await page.getByRole("button", { name: "Show the password" }).click();
  expect(await secret.getAttribute("type")).toBe("text");
  await page.getByLabel("Your city").fill("Chico, CA");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.waitForURL((url) => url.pathname === "/app");
});
