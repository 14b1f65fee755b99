import { expect, test } from "vitest";
import { onSale } from "../browser/halls";
import { customer, showings } from "../browser/open";
import { onPhone, type Vitals } from "./phone";
import { ms, print, type Row } from "./print";

/** How often each page is loaded: the figure is the worst of them. */
const loads = 3;

test("pages, cold, on the phone", async () => {
  const buyer = await customer();
  const [showing] = await showings(buyer);
  const pages: Record<string, string> = {
    home: "/app",
    title: `/app/titles/${showing?.title_id}`,
    "event, 200 seats": `/app/events/${showing?.id}`,
    "event, 20,000 seats": `/app/events/${await onSale("large-arena")}`,
    "my tickets": "/app/bookings",
  };
  const rows: Row[] = [];
  for (const [name, path] of Object.entries(pages)) {
    const worst = { lcp: 0, cls: 0, inp: 0, task: 0 };
    for (let i = 0; i < loads; i++) {
      const seen = await visit(path, buyer);
      for (const key of Object.keys(worst) as (keyof Vitals)[]) {
        worst[key] = Math.max(worst[key], seen[key]);
      }
    }
    rows.push(
      [`${name}: largest contentful paint`, ms(worst.lcp), "2500 ms"],
      [`${name}: cumulative layout shift`, worst.cls.toFixed(3), "0.1"],
      [`${name}: longest task`, ms(worst.task)],
    );
  }
  print(`Pages on the phone, nothing cached, the worst of ${loads}`, rows);
});

async function visit(path: string, who: Parameters<typeof onPhone>[0]): Promise<Vitals> {
  const tab = await onPhone(who);
  await tab.page.goto(path);
  await tab.page.locator("h1").waitFor();
  await tab.page.waitForLoadState("networkidle");
  const vitals = await tab.vitals();
  expect(vitals.lcp).toBeGreaterThan(0); // it was measured at all
  await tab.page.context().close();
  return vitals;
}
