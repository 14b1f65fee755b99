import { reach } from "../../reach";

/** Pictures that were fetched, by path: one that is shown twice, or kept, is fetched once. They go with the page. */
const fetched = new Map<string, Promise<Blob>>();

/** codeOf gives the picture of a ticket's code, a PNG. It throws where it is neither to be had nor kept. */
export function codeOf(path: string): Promise<Blob> {
  const known = fetched.get(path);
  if (known) {
    return known;
  }
  const asked = load(path);
  fetched.set(path, asked);
  asked.catch(() => fetched.delete(path));
  return asked;
}

async function load(path: string): Promise<Blob> {
  const response = await reach(new Request(new URL(path, location.origin)));
  if (!response.ok) {
    throw new Error(`${path}: ${response.status}`);
  }
  return response.blob();
}

/** forgetCodes drops the pictures: another booking is shown, or the same anew. */
export function forgetCodes(): void {
  fetched.clear();
}
