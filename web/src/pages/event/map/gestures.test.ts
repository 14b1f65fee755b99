import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Hands, listen } from "./gestures";

/** A finger on an element that lies 100 px down the window, without a browser. */
class Page {
  readonly element = Object.assign(new EventTarget(), {
    getBoundingClientRect: () => ({ left: 0, top: 100 - this.scrolled }),
    setPointerCapture: () => undefined,
  });
  scrolled = 0;
  readonly told: unknown[][] = [];
  /** What a pan cannot move up or down, as a part of it. */
  left = 0;
  seat: number | undefined = 7;

  readonly hands: Hands = {
    pan: (dx, dy) => {
      this.told.push(["pan", dx, dy]);
      return dy * this.left;
    },
    zoom: (factor, about) => this.told.push(["zoom", factor, about.x, about.y]),
    zoomStep: (factor) => this.told.push(["zoomStep", factor]),
    tap: ({ x, y }, isTouch) => {
      this.told.push(["tap", x, y, isTouch]);
      return this.seat;
    },
    hover: (point) => this.told.push(["hover", point?.x, point?.y]),
    moving: () => undefined,
  };

  send(type: string, x: number, y: number, more: Record<string, unknown> = {}): Event {
    const event = new Event(type, { cancelable: true });
    const usual = { clientX: x, clientY: y, pointerId: 1, pointerType: "touch", button: 0 };
    for (const [name, value] of Object.entries({ ...usual, ...more })) {
      Object.defineProperty(event, name, { value });
    }
    this.element.dispatchEvent(event);
    return event;
  }

  tap(x: number, y: number, time: number): void {
    this.send("pointerdown", x, y);
    this.send("pointerup", x, y, { timeStamp: time });
  }
}

describe("on a map", () => {
  let page: Page;
  let stop: () => void;
  beforeEach(() => {
    page = new Page();
    stop = listen(page.element as unknown as HTMLElement, page.hands);
    vi.stubGlobal("scrollBy", ({ top }: { top: number }) => {
      page.scrolled += top;
    });
  });
  afterEach(() => {
    stop();
    vi.unstubAllGlobals();
  });

  test("a finger that stays about where it was taps", () => {
    page.send("pointerdown", 50, 160);
    page.send("pointermove", 56, 165);
    page.send("pointerup", 56, 165);
    expect(page.told).toEqual([["tap", 56, 65, true]]);
  });

  test("a drag moves the hall, and chooses nothing where it ends", () => {
    page.send("pointerdown", 50, 160);
    page.send("pointermove", 80, 160);
    page.send("pointermove", 90, 150);
    page.send("pointermove", 50, 160);
    page.send("pointerup", 50, 160);
    expect(page.told).toEqual([
      ["pan", 30, 0],
      ["pan", 10, -10],
      ["pan", -40, 10],
    ]);
    expect(page.scrolled).toBe(0);
  });

  test("beyond the hall's edge a finger moves the page, by as much as it moves", () => {
    page.left = 1;
    page.send("pointerdown", 50, 300);
    page.send("pointermove", 50, 260);
    page.send("pointermove", 50, 250);
    expect(page.scrolled).toBe(50);
  });

  test("what the browser takes for scrolling is no tap", () => {
    page.send("pointerdown", 50, 160);
    page.send("pointercancel", 50, 160);
    page.send("pointerup", 50, 160);
    expect(page.told).toEqual([]);
  });

  test("two fingers zoom about their middle, and choose nothing", () => {
    page.send("pointerdown", 100, 200);
    page.send("pointerdown", 200, 200, { pointerId: 2 });
    page.send("pointermove", 300, 200, { pointerId: 2 });
    page.send("pointerup", 300, 200, { pointerId: 2 });
    page.send("pointerup", 100, 200);
    expect(page.told).toEqual([
      ["pan", 50, 0],
      ["zoom", 2, 200, 100],
    ]);
  });

  test("two fingers that only touch choose nothing", () => {
    page.send("pointerdown", 100, 200);
    page.send("pointerdown", 200, 200, { pointerId: 2 });
    page.send("pointerup", 200, 200, { pointerId: 2 });
    page.send("pointerup", 100, 200);
    expect(page.told).toEqual([]);
  });

  test("a double tap zooms, but two quick taps on two seats are two taps", () => {
    page.tap(50, 160, 1000);
    page.seat = 8;
    page.tap(60, 160, 1100);
    expect(page.told.map(([what]) => what)).toEqual(["tap", "tap"]);
    page.tap(60, 160, 1200);
    expect(page.told.at(-1)).toEqual(["zoomStep", 2]);
    page.tap(60, 160, 9000);
    page.tap(60, 160, 9900);
    expect(page.told.at(-1)?.[0]).toBe("tap");
  });

  test("the wheel is the page's; with ctrl or ⌘ it zooms", () => {
    expect(page.send("wheel", 10, 110, { deltaY: 100 }).defaultPrevented).toBe(false);
    expect(page.told).toEqual([]);
    expect(page.send("wheel", 10, 110, { deltaY: -100, deltaMode: 0, ctrlKey: true }).defaultPrevented).toBe(true);
    expect(page.send("wheel", 10, 110, { deltaY: 3, deltaMode: 0, metaKey: true }).defaultPrevented).toBe(true);
    expect(page.told.map(([what, factor]) => [what, Number(factor) > 1])).toEqual([
      ["zoom", true],
      ["zoom", false],
    ]);
  });

  test("a mouse over it is told, a finger is not", () => {
    page.send("pointermove", 20, 130, { pointerType: "mouse" });
    page.send("pointermove", 20, 130);
    page.send("pointerleave", 0, 0, { pointerType: "mouse" });
    expect(page.told).toEqual([
      ["hover", 20, 30],
      ["hover", undefined, undefined],
    ]);
  });
});
