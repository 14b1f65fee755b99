import { answer, mayAnswer } from "./pocket";
import { isGateways, lose, watchedFetch } from "./server";

/** patience is how long we wait for an answer that is kept here as well, in ms: one bar of reception is worse than none. */
const patience = 4_000;

/**
 * reach asks the server. Where it does not answer, tickets that are kept on this device stand in for it. Throws TypeError
 * where there are none, as fetch does.
 */
export async function reach(request: Request): Promise<Response> {
  const asked = watchedFetch(request);
  if (!mayAnswer(request)) {
    return asked;
  }
  const response = await Promise.race([asked.catch(() => undefined), late()]);
  if ((response && !isGateways(response)) || request.signal.aborted) {
    return asked;
  }
  const kept = await answer(request);
  if (kept) {
    lose();
  }
  return kept ?? asked;
}

function late(): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(resolve, patience, undefined);
  });
}
