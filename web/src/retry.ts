import { effect, untracked } from "@preact/signals";
import { arrivals, standIns } from "./reach";
import { recoveries } from "./server";

/** Retry knows whether what was loaded last is worth another try: it failed, or something that is kept stood in. */
export class Retry {
  #isWorth = false;
  #loads = 0;

  /** of loads something. Of loads that overlap, the one that began last counts. */
  async of<T>(load: () => Promise<T>): Promise<T> {
    const number = ++this.#loads;
    const before = standIns.peek();
    let isFresh = false;
    this.#isWorth = false;
    try {
      const data = await load();
      isFresh = standIns.peek() === before;
      return data;
    } finally {
      if (number === this.#loads) {
        this.#isWorth = !isFresh;
      }
    }
  }

  /** watch calls again when the server is back, or a late answer is here, if it is worth it. It gives what ends that. */
  watch(again: () => void): () => void {
    return effect(() => {
      if (recoveries.value + arrivals.value > 0 && this.#isWorth) {
        untracked(again);
      }
    });
  }
}
