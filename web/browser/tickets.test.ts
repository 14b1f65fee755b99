import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { Front } from "./front";
import { type Customer, call, customer, open, openAs, patience, type Showing, showings } from "./open";
import { buy, type Sold } from "./sold";

const jsQR = readFileSync(createRequire(import.meta.url).resolve("jsqr"), "utf8");

const phone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true };
const kept: BrowserContextOptions = { ...phone, serviceWorkers: "allow" };

/** entryCode is the form of an entry code: its version, the key that signed it, what it says, and the signature. */
const entryCode = /^v\d+(\.[\w-]+){3}$/;

let buyer: Customer;
let showing: Showing;
let sold: Sold;
let mailed: Sold;

beforeAll(async () => {
  buyer = await customer();
  const [first, second] = (await showings(buyer)).slice(6) as [Showing, Showing];
  showing = first;
  mailed = await buy(buyer, second.id, 1);
  sold = await buy(buyer, showing.id, 3);
});

/** scan reads what a scanner reads off the screen. */
async function scan(code: Locator): Promise<string> {
  await code.locator("img").waitFor();
  const picture = (await code.screenshot({ animations: "disabled" })).toString("base64");
  const desk = await open();
  await desk.evaluate(jsQR);
  const text = await desk.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes]));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext(
      "2d",
    ) as OffscreenCanvasRenderingContext2D;
    context.drawImage(bitmap, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const { jsQR } = window as unknown as { jsQR: typeof import("jsqr").default };
    return jsQR(data, width, height)?.data ?? "";
  }, picture);
  await desk.context().close();
  return text;
}

/** stored lists the stores of a page's origin whose names begin so. */
const stored = (page: Page, prefix: string) =>
  page.evaluate(async (begin) => (await caches.keys()).filter((name) => name.startsWith(begin)), prefix);

/** untilKept waits until a booking's page would open without a network. */
async function untilKept(page: Page, codes = 3): Promise<void> {
  const state = () =>
    page.evaluate(async () => {
      const tickets = (await caches.keys()).find((name) => name.startsWith("tickets-"));
      const worker = (await navigator.serviceWorker.getRegistration("/app"))?.active?.state;
      return [tickets === undefined ? 0 : (await (await caches.open(tickets)).keys()).length, worker];
    });
  await expect.poll(state).toEqual([codes + 1, "activated"]);
}

test("each ticket has a code that is read off a dark phone, beside the others and on the whole screen", async () => {
  const page = await openAs(buyer, { ...phone, colorScheme: "dark" });
  await page.goto(sold.links.page);
  const stubs = page.locator(".stub");
  const first = await scan(stubs.nth(0).locator(".code"));
  const second = await scan(stubs.nth(1).locator(".code"));
  expect(first).toMatch(entryCode);
  expect(second).toMatch(entryCode);
  expect(second).not.toBe(first);
  await stubs.nth(0).getByText(showing.venue.name).waitFor();

  const show = page.getByRole("button", { name: `Full screen: the code of ${sold.tickets[0]?.seat}` });
  await show.click();
  const door = page.getByRole("dialog");
  expect(await scan(door.getByRole("listitem").locator(".code"))).toBe(first);
  await page.keyboard.press("ArrowRight");
  await door.getByRole("status").getByText("Ticket 2 of 3").waitFor();
  await page.waitForFunction(() => (document.querySelector(".strip")?.scrollLeft ?? 0) % innerWidth === 0);
  expect(await scan(door.getByRole("listitem").locator(".code"))).toBe(second);
  await page.keyboard.press("Escape");
  await door.waitFor({ state: "detached" });
  expect(await show.evaluate((element) => element === document.activeElement)).toBe(true);
});

test("tickets that were seen open without a network, and the rest comes back alone", async () => {
  const page = await openAs(buyer, kept);
  await page.goto(sold.links.page);
  const code = await scan(page.locator(".code").first());
  await untilKept(page);

  await page.context().setOffline(true);
  await page.reload();
  expect(await scan(page.locator(".code").first())).toBe(code);
  const stub = page.locator(".stub").first();
  for (const text of [showing.name, showing.venue.name, sold.reference, "Section", "Starts"]) {
    await stub.getByText(text).first().waitFor();
  }
  await page.getByText("Tickets that you opened here still work.").waitFor();
  expect(await page.getByRole("link", { name: "Tickets (PDF)" }).count()).toBe(0);
  await page.goto("/app/bookings"); // as from the home screen
  await page
    .getByRole("article")
    .filter({ hasText: sold.reference })
    .getByRole("link", { name: "Show tickets" })
    .click();
  await page.locator(".code img").first().waitFor();
  await page.goto("/app/bookings/0199a1b2-0000-7000-8000-0000000000b1"); // one that was not seen
  await page.getByRole("heading", { name: "Something went wrong" }).waitFor();

  await page.goto(sold.links.page);
  await page.locator(".code img").first().waitFor();
  await page.context().setOffline(false);
  await page.getByRole("link", { name: "Tickets (PDF)" }).waitFor();
  await page.getByText("Tickets that you opened here still work.").waitFor({ state: "detached" });
});

test("logging out forgets the tickets, and so does a session that ended elsewhere", async () => {
  const page = await openAs(buyer, kept);
  await page.goto(sold.links.page);
  await untilKept(page);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.waitForURL("**/app/login");
  await expect.poll(() => stored(page, "tickets-")).toEqual([]);

  await logInAgain();
  const other = await openAs(buyer, kept);
  await other.goto(sold.links.page);
  await untilKept(other);
  await call("POST", "/logout", { as: buyer });
  await other.goto("/app/bookings");
  await other.waitForURL(/\/app\/login/);
  await expect.poll(() => stored(other, "tickets-")).toEqual([]);
  await other.context().setOffline(true);
  await other.goto(sold.links.page);
  await other.getByRole("heading", { name: "Something went wrong" }).waitFor();
  expect(await other.locator(".code").count()).toBe(0);
  await logInAgain();
});

async function logInAgain(): Promise<void> {
  const { username, password } = buyer;
  buyer = { ...buyer, ...(await call<{ token: string }>("POST", "/login", { body: { username, password } })) };
}

test("one ticket is given back for what was said, and admits nobody any more", async () => {
  const page = await openAs(buyer, kept);
  await page.goto(sold.links.page);
  await untilKept(page);
  const [ticket] = sold.tickets;
  const quote = await call<{ refund_minor: number; fee_minor: number }>(
    "POST",
    `/bookings/${sold.id}/cancel?preview=true`,
    {
      as: buyer,
      body: { ticket_ids: [ticket?.id] },
    },
  );
  const dollars = (minor: number) => `$${(minor / 100).toFixed(2)}`;

  await page.getByText("Give tickets back").click();
  await page.getByRole("button", { name: "See what comes back" }).click();
  await page.getByText("Choose at least one ticket.").waitFor();
  await page.getByRole("checkbox", { name: ticket?.seat ?? "" }).check();
  await page.getByRole("button", { name: "See what comes back" }).click();
  const sums = page.locator(".sums dd");
  await sums.first().waitFor();
  expect(await sums.allTextContents()).toEqual([dollars(quote.refund_minor), dollars(quote.fee_minor)]);
  await page.getByRole("button", { name: "Keep them" }).click();
  expect((await call<Sold>("GET", `/bookings/${sold.id}`, { as: buyer })).tickets.filter(isMine)).toHaveLength(3);

  await page.getByRole("checkbox", { name: ticket?.seat ?? "" }).check();
  await page.getByRole("button", { name: "See what comes back" }).click();
  await page.getByRole("button", { name: "Give 1 ticket back" }).dblclick();
  await page.getByText(`Given back. ${dollars(quote.refund_minor)} is on its way to your card.`).waitFor();
  await expect.poll(() => page.locator(".stub").count()).toBe(2);
  await untilKept(page, 2);
  const after = await call<Sold>("GET", `/bookings/${sold.id}`, { as: buyer });
  expect(after.status).toBe("completed");
  expect(after.tickets.filter(isMine)).toHaveLength(2);
});

const isMine = ({ holder_id }: { holder_id?: string }) => holder_id !== undefined;

test("a browser can install it", async () => {
  const page = await openAs(buyer, kept);
  await page.goto("/app/bookings");
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  const devtools = await page.context().newCDPSession(page);
  const { errors, data } = await devtools.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  const manifest = JSON.parse(data ?? "{}");
  expect(manifest).toMatchObject({ id: "/app", start_url: "/app", scope: "/app", display: "standalone" });
  expect(manifest.name).not.toContain("{{");
  for (const { src } of manifest.icons) {
    expect((await page.request.get(src)).headers()["content-type"]).toBe("image/png");
  }
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito")).toEqual([]);
});

test("a new release takes the place of the old one, whole or not at all", async () => {
  const front = new Front();
  const origin = await front.start();
  try {
    const page = await openAs(buyer, { ...kept, baseURL: origin });
    const script = () => page.locator('script[type="module"]').getAttribute("src");
    const releases = () => stored(page, "client-");
    await page.goto(mailed.links.page);
    await untilKept(page, 1);
    const [first] = await releases();
    const before = await script();

    // The worker of the next release comes from one server, the page from another that has the old one still.
    front.workers = 1;
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration("/app");
      const fails = new Promise<void>((resolve) => {
        registration?.addEventListener("updatefound", () => {
          const { installing } = registration;
          installing?.addEventListener("statechange", () => installing.state === "redundant" && resolve());
        });
      });
      await registration?.update();
      await fails;
    });
    expect(await releases()).toEqual([first]);

    front.workers = undefined;
    await nextRelease(front, page, (names) => names.length === 2);
    await nextRelease(front, page, (names) => names.length === 2 && !names.includes(first ?? ""));
    front.down = true;
    await page.reload();
    await page.locator(".code img").first().waitFor();
    expect(await script()).not.toBe(before);
    await page.getByText("Tickets that you opened here still work.").waitFor();
    front.down = false;
    await page.getByRole("link", { name: "Tickets (PDF)" }).waitFor();
  } finally {
    front.stop();
  }
});

/** nextRelease brings the next release out, and waits until the page's browser has it. */
async function nextRelease(front: Front, page: Page, there: (stored: string[]) => boolean): Promise<void> {
  front.release++;
  await page.reload();
  await page.locator(".code img").first().waitFor();
  const isIdle = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration("/app");
      return registration?.active?.state === "activated" && !registration.installing && !registration.waiting;
    });
  const isThere = async () => there(await stored(page, "client-")) && (await isIdle());
  await expect.poll(isThere).toBe(true);
}

test("a worker that is broken is no hindrance", async () => {
  const front = new Front();
  const origin = await front.start();
  try {
    front.worker = "throw new Error('broken')";
    const page = await openAs(buyer, { ...kept, baseURL: origin });
    await page.goto(mailed.links.page);
    await page.locator(".code img").first().waitFor();
    await page.reload();
    await page.locator(".code img").first().waitFor();
    expect(await page.evaluate(() => navigator.serviceWorker.controller)).toBeNull();
  } finally {
    front.stop();
  }
});

test("tickets are mailed again to another address, once a minute; the PDF and the calendar are files", async () => {
  const page = await openAs(buyer, phone);
  await page.goto(mailed.links.page);
  await page.getByText("Mails about this booking").click();
  const address = page.getByLabel(/Another address/);
  const again = page.getByRole("button", { name: "Send the tickets again" });
  await address.fill("nobody");
  await again.click();
  await page.getByText("This is not an e-mail address.").waitFor();
  expect(await address.getAttribute("aria-invalid")).toBe("true");

  const { mails } = await call<{ mails: { queued_at: string }[] }>("GET", `/bookings/${mailed.id}`, { as: buyer });
  const mayFrom = Date.parse(mails[0]?.queued_at ?? "") + 61_000;
  await expect.poll(() => Date.now() > mayFrom, { timeout: 2 * patience, interval: 500 }).toBe(true);
  await address.fill("bob@example.com");
  await again.click();
  await page.getByText("The tickets are on their way to bob@example.com.").waitFor();
  await page.getByRole("listitem").getByText("bob@example.com").waitFor();
  await again.click();
  await page
    .locator(".fold")
    .getByRole("alert")
    .getByText(/minute/)
    .waitFor();

  for (const [link, kind] of [
    ["Tickets (PDF)", "application/pdf"],
    ["Add to calendar", "text/calendar; charset=utf-8"],
  ] as const) {
    const href = await page.getByRole("link", { name: link }).getAttribute("href");
    expect((await page.request.get(href ?? "")).headers()["content-type"]).toBe(kind);
  }
});
