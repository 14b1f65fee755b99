import { beforeAll, describe, expect, test } from "vitest";
import { onSale } from "../browser/halls";
import { type Customer, call, customer } from "../browser/open";
import { heapOf, onDesktop, onPhone, type Tab } from "./phone";
import { ms, print, type Row } from "./print";

const halls = { cinema: 200, theatre: 1350, arena: 10_000, "large-arena": 20_000 } as const;
type Hall = keyof typeof halls;

const bars: Partial<Record<Hall, string>> = { theatre: "1500 ms", "large-arena": "3000 ms" };

let buyer: Customer;
const events = new Map<Hall, string>();

beforeAll(async () => {
  buyer = await customer();
  for (const hall of Object.keys(halls) as Hall[]) {
    events.set(hall, await onSale(hall));
  }
});

/** openMap opens an event, and gives after how many ms since it was asked for its map could be used. */
async function openMap({ page }: Tab, hall: Hall): Promise<number> {
  await page.goto(`/app/events/${events.get(hall)}`);
  await page.locator("canvas[data-map][data-view]").waitFor();
  return page.evaluate(
    () =>
      new Promise<number>((seen) => requestAnimationFrame(() => requestAnimationFrame(() => seen(performance.now())))),
  );
}

test("maps open", async () => {
  const rows: Row[] = [];
  for (const [hall, places] of Object.entries(halls) as [Hall, number][]) {
    const tab = await onPhone(buyer);
    const took = await openMap(tab, hall);
    rows.push([`${places.toLocaleString("en")} places, usable after`, ms(took), bars[hall]]);
    await tab.page.context().close();
  }
  print("Seat maps on the phone, nothing cached", rows);
});

describe.each([
  ["the phone", onPhone, "45 fps"],
  ["the desktop", onDesktop, "58 fps"],
] as const)("on %s", (name, opens, bar) => {
  test("20,000 places are panned and zoomed for ten seconds", async () => {
    const tab = await opens(buyer);
    await openMap(tab, "large-arena");
    await tab.page.waitForLoadState("networkidle");
    await zoomIn(tab);
    await tab.restart();
    const frames = await pan(tab, 10_000);
    const { task } = await tab.vitals();
    print(`20,000 places on ${name}, panned and zoomed for ten seconds`, [
      ["frames a second, on average", frames.toFixed(1), bar],
      ["longest task", ms(task), "100 ms"],
      ["memory that the script keeps", `${(await heapOf(tab)).toFixed(1)} MB`, "250 MB, all of the tab"],
    ]);
  });

  test("ten seats are tapped", async () => {
    const tab = await opens(buyer);
    await openMap(tab, "theatre");
    await tab.page.waitForLoadState("networkidle");
    await zoomIn(tab);
    await tab.restart();
    const chosen = await tapTen(tab);
    const { inp, task } = await tab.vitals();
    print(`Ten seats of 1,350 tapped on ${name}`, [
      ["seats chosen", String(chosen)],
      ["interaction to next paint, the slowest", ms(inp), "200 ms"],
      ["longest task", ms(task)],
    ]);
  });
});

/** zoomIn goes in until seats are drawn. */
async function zoomIn({ page }: Tab): Promise<void> {
  const canvas = page.locator("canvas[data-map]");
  await canvas.scrollIntoViewIfNeeded();
  await canvas.focus();
  for (let i = 0; (await canvas.getAttribute("data-shows")) !== "seats"; i++) {
    expect(i).toBeLessThan(20);
    await page.keyboard.press("+");
    await page.waitForTimeout(300); // the animation of a step
  }
}

/** pan drags the map about and pinches it, as the browser gets it from its input, and gives the frames a second. */
async function pan({ page, tools }: Tab, lasts: number): Promise<number> {
  const box = await page.locator("canvas[data-map]").boundingBox();
  if (!box) {
    throw new Error("the map is not on the screen");
  }
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const counting = page.evaluate(
    (lasts) =>
      new Promise<number>((done) => {
        const began = performance.now();
        let frames = 0;
        const count = () => {
          frames++;
          const took = performance.now() - began;
          if (took < lasts) {
            requestAnimationFrame(count);
          } else {
            done((frames * 1000) / took);
          }
        };
        requestAnimationFrame(count);
      }),
    lasts,
  );
  const end = Date.now() + lasts;
  for (let way = 1; Date.now() < end; way = -way) {
    const gesture = { x, y, gestureSourceType: "touch" as const };
    await tools.send("Input.synthesizeScrollGesture", {
      ...gesture,
      xDistance: 140 * way,
      yDistance: 60 * way,
      speed: 500,
    });
    await tools.send("Input.synthesizePinchGesture", {
      ...gesture,
      scaleFactor: way > 0 ? 1.3 : 0.8,
      relativeSpeed: 500,
    });
  }
  return counting;
}

/** tapTen taps free seats that are in sight, one after the other, and gives how many are chosen then. */
async function tapTen(tab: Tab): Promise<number> {
  const { page } = tab;
  const canvas = page.locator("canvas[data-map]");
  const spots = await seatsInSight(tab);
  for (const position of spots.slice(0, 10)) {
    await (tab.isTouch ? canvas.tap({ position }) : canvas.click({ position }));
  }
  return page.locator("#selection .chosen li").count();
}

interface Plan {
  sections: { rows?: { seats: { x: number; y: number; kind?: string }[] }[] }[];
}

/** seatsInSight gives where on the canvas ordinary seats are, well inside of it. */
async function seatsInSight({ page }: Tab): Promise<{ x: number; y: number }[]> {
  const canvas = page.locator("canvas[data-map]");
  const [x = 0, y = 0, scale = 1] = ((await canvas.getAttribute("data-view")) ?? "").split(" ").map(Number);
  const box = await canvas.boundingBox();
  const { plan_hash } = await call<{ plan_hash: string }>("GET", `/events/${events.get("theatre")}/seats`, {
    as: buyer,
  });
  const plan = await call<Plan>("GET", `/seat-plans/${plan_hash}`, { as: buyer });
  return plan.sections
    .flatMap(({ rows }) => rows ?? [])
    .flatMap(({ seats }) => seats)
    .filter(({ kind }) => kind === undefined)
    .map((seat) => ({ x: (seat.x - x) * scale, y: (seat.y - y) * scale }))
    .filter((at) => at.x > 60 && at.y > 60 && at.x < (box?.width ?? 0) - 60 && at.y < (box?.height ?? 0) - 60);
}
