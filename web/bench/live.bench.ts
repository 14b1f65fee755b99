import { get } from "node:http";
import { afterAll, expect, test } from "vitest";
import { onSale, ticketsOf } from "../browser/halls";
import { base, call, customer, organizer } from "../browser/open";
import { heapOf, onDesktop, type Tab } from "./phone";
import { ms, percentile, print } from "./print";

const viewers = 2000;
const changes = 40;

/** What watches beside the browser; each is a connection of its own. */
const others: { destroy: () => void }[] = [];

afterAll(() => {
  for (const other of others) {
    other.destroy();
  }
});

/** follow notes in a page when it has painted what each event of its stream told. */
function follow(): void {
  const painted: [data: string, at: number][] = [];
  Object.assign(window, { painted });
  window.EventSource = class extends EventSource {
    constructor(url: string | URL, options?: EventSourceInit) {
      super(url, options);
      this.addEventListener("changes", ({ data }) =>
        requestAnimationFrame(() => setTimeout(() => painted.push([data, Date.now()]))),
      );
    }
  };
}

async function watching(event: string): Promise<Tab> {
  const tab = await onDesktop(await customer());
  await tab.page.addInitScript(follow);
  const streaming = tab.page.waitForResponse("**/seats/stream");
  await tab.page.goto(`/app/events/${event}`);
  expect((await streaming).status()).toBe(200);
  await tab.page.locator("canvas[data-map][data-view]").waitFor();
  return tab;
}

async function watch(event: string): Promise<void> {
  const { token } = await organizer();
  return new Promise((ready, failed) => {
    const headers = { Authorization: `Bearer ${token}` };
    const request = get(`${base}/events/${event}/seats/stream`, { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) {
        failed(new Error(`the stream: ${response.statusCode}`));
      }
      response.once("data", () => ready()).resume();
    });
    request.once("error", failed);
    others.push(request);
  });
}

test(`changes are seen by one of ${viewers} who watch`, async () => {
  const event = await onSale("cinema");
  const tickets = await ticketsOf(event);
  const { page } = await watching(event);
  for (let i = 1; i < viewers; i += 100) {
    await Promise.all(Array.from({ length: 100 }, () => watch(event)));
  }
  const asked: number[] = [];
  for (const ticket of tickets.slice(0, changes)) {
    asked.push(Date.now());
    await call("POST", `/events/${event}/seats/block`, { as: await organizer(), body: { ticket_ids: [ticket] } });
    await new Promise((later) => setTimeout(later, 150));
  }
  const delays: number[] = [];
  await page.waitForFunction(
    (changes) =>
      (window as unknown as { painted: [string, number][] }).painted.reduce(
        (sum, [data]) => sum + (JSON.parse(data).blocked ?? []).length,
        0,
      ) >= changes,
    changes,
  );
  for (const [data, at] of await page.evaluate(() => (window as unknown as { painted: [string, number][] }).painted)) {
    for (const place of (JSON.parse(data) as { blocked?: number[] }).blocked ?? []) {
      delays.push(at - (asked[place] ?? 0));
    }
  }
  expect(delays).toHaveLength(changes);
  print(`A seat changes while ${viewers} watch: from the request that changes it to the paint in a browser`, [
    ["p50", ms(percentile(delays, 50))],
    ["p95", ms(percentile(delays, 95)), "400 ms"],
    ["the slowest", ms(percentile(delays, 100))],
  ]);
});

test("a hundred changes a second for a minute", async () => {
  const event = await onSale("large-arena");
  const tickets = await ticketsOf(event);
  const tab = await watching(event);
  await tab.restart();
  const before = await heapOf(tab);
  const end = Date.now() + 60_000;
  let changed = 0;
  for (let i = 0; Date.now() < end; i++) {
    const [act, from] = [i % 2 === 0 ? "block" : "release", (i >> 1) * 25];
    const began = Date.now();
    const body = { ticket_ids: tickets.slice(from % 10_000, (from % 10_000) + 25) };
    await call("POST", `/events/${event}/seats/${act}`, { as: await organizer(), body });
    changed += 25;
    await new Promise((later) => setTimeout(later, Math.max(250 - (Date.now() - began), 0)));
  }
  const { task } = await tab.vitals();
  const after = await heapOf(tab);
  print("20,000 places on the desktop, while seats change for a minute", [
    ["changes a second", (changed / 60).toFixed(0)],
    ["memory that the script keeps, before", `${before.toFixed(1)} MB`],
    ["and after", `${after.toFixed(1)} MB`, "as before"],
    ["longest task", ms(task), "100 ms"],
  ]);
});
