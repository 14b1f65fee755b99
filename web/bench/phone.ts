import type { CDPSession, Page } from "playwright-core";
import { type Customer, open, openAs } from "../browser/open";

/**
 * Phone is a mid-range phone on a slow mobile line, as Lighthouse has it: a processor four times slower than this one,
 * 1.6 Mbit/s, and 150 ms there and back (https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md).
 */
const phone = { slowdown: 4, bytesPerSecond: (1.6 * 1024 * 1024) / 8, latency: 150 };

export const phoneSize = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};
export const desktopSize = { viewport: { width: 1280, height: 800 } };

/** Vitals are what https://web.dev/articles/vitals asks for, in ms but for cls. */
export interface Vitals {
  lcp: number;
  cls: number;
  /** The slowest of all interactions: there are too few of them to leave one out. */
  inp: number;
  /** The longest task of the main thread. */
  task: number;
}

interface Watched extends Window {
  vitals: Vitals;
}

/** watch is put into each page: it notes what the browser measures. */
function watch(): void {
  const vitals: Vitals = { lcp: 0, cls: 0, inp: 0, task: 0 };
  Object.assign(window, { vitals });
  const on = (type: string, note: (entry: PerformanceEntry) => void, options: object = {}) =>
    new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true, ...options });
  on("largest-contentful-paint", (entry) => {
    vitals.lcp = entry.startTime;
  });
  on("layout-shift", (entry) => {
    const shift = entry as PerformanceEntry & { value: number; hadRecentInput: boolean };
    vitals.cls += shift.hadRecentInput ? 0 : shift.value;
  });
  on(
    "event",
    (entry) => {
      if ((entry as PerformanceEntry & { interactionId: number }).interactionId > 0) {
        vitals.inp = Math.max(vitals.inp, entry.duration);
      }
    },
    { durationThreshold: 16 },
  );
  on("longtask", (entry) => {
    vitals.task = Math.max(vitals.task, entry.duration);
  });
}

/** Tab is a page with the browser's own tools beside it. */
export interface Tab {
  page: Page;
  isTouch: boolean;
  tools: CDPSession;
  vitals: () => Promise<Vitals>;
  /** Forgets what was measured so far, but for the largest paint. */
  restart: () => Promise<void>;
}

/** onPhone opens a tab as a phone has it, with nothing in its cache. */
export async function onPhone(who?: Customer): Promise<Tab> {
  const tab = await onDesktop(who, phoneSize);
  await tab.tools.send("Network.enable");
  await tab.tools.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: phone.latency,
    downloadThroughput: phone.bytesPerSecond,
    uploadThroughput: phone.bytesPerSecond,
  });
  await tab.tools.send("Emulation.setCPUThrottlingRate", { rate: phone.slowdown });
  return tab;
}

/** onDesktop opens a tab at this machine's own speed. */
export async function onDesktop(who?: Customer, size: Parameters<typeof open>[0] = desktopSize): Promise<Tab> {
  const page = await (who ? openAs(who, size) : open(size));
  await page.addInitScript(watch);
  const tools = await page.context().newCDPSession(page);
  return {
    page,
    isTouch: size?.hasTouch ?? false,
    tools,
    vitals: () => page.evaluate(() => (window as unknown as Watched).vitals),
    restart: () =>
      page.evaluate(() => {
        const { vitals } = window as unknown as Watched;
        Object.assign(vitals, { cls: 0, inp: 0, task: 0 });
      }),
  };
}

/** heapOf gives how much memory the page's script keeps, in MB, after what is not kept was thrown away. */
export async function heapOf({ tools }: Tab): Promise<number> {
  await tools.send("HeapProfiler.enable");
  await tools.send("HeapProfiler.collectGarbage");
  const { usedSize } = await tools.send("Runtime.getHeapUsage");
  return usedSize / 1024 / 1024;
}
