import { signal } from "@preact/signals";
import { answer, mayAnswer } from "./pocket";
import { isGateways, lose, reachable, watchedFetch } from "./server";

/** patience is how long we wait for an answer that is kept here as well, in ms: one bar of reception is worse than none. */
const patience = 4_000;

/** standIns counts how often what is kept stood in for the server. */
export const standIns = signal(0);

/** arrivals counts how often an answer that it stood in for came after all: who asks again has it at once. */
export const arrivals = signal(0);

/** Answers that are late, by address: on their way, or here since not longer than our patience. */
const late = new Map<string, Promise<Response>>();

/**
 * reach asks the server. Where it does not answer, tickets that are kept on this device stand in for it. Throws TypeError
 * where there are none, as fetch does. The server may take its time where we prefer that it waits.
 */
export async function reach(request: Request): Promise<Response> {
  if (request.headers.has("Prefer") || !mayAnswer(request)) {
    const asked = watchedFetch(request);
    return request.method === "GET" ? asked : asked.finally(() => late.clear()); // what was asked before does not know of it
  }
  const waiting = late.get(request.url)?.then((whole) => whole.clone());
  const asked = waiting ?? watchedFetch(new Request(request, { signal: null })); // it may outlive who asked
  const response = await Promise.race([asked.catch(() => undefined), tooLong()]);
  if ((response && !isGateways(response)) || request.signal.aborted) {
    return asked;
  }
  const kept = await answer(request);
  if (!kept) {
    return asked;
  }
  standIns.value++;
  reachable.value = false; // nothing failed as yet, so it is no recovery when the answer comes
  if (!waiting) {
    expect(request.url, asked);
  }
  return kept;
}

/** expect waits for an answer that is late. One that does not come is asked for anew when the server is back. */
function expect(url: string, asked: Promise<Response>): void {
  const whole = asked.then(async (response) => {
    if (isGateways(response)) {
      throw new TypeError("not the server's answer");
    }
    return new Response(await response.blob(), response);
  });
  const forget = () => {
    if (late.get(url) === whole) {
      late.delete(url);
    }
  };
  late.set(url, whole);
  whole.then(
    () => {
      setTimeout(forget, patience);
      arrivals.value++;
    },
    () => {
      forget();
      lose();
    },
  );
}

function tooLong(): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(resolve, patience, undefined);
  });
}
