import createClient from "openapi-fetch";
import { reach } from "../reach";
import type { components, paths } from "./schema.gen";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

/** The API, typed by openapi.yaml. The session travels as a cookie, which scripts cannot read. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: reach });

/** Refused is an answer that is no success: what the server says of it, and when to ask again. */
export class Refused extends Error {
  constructor(
    readonly problem: Problem,
    /** Seconds; 0: it does not say. */
    readonly retryAfter: number,
  ) {
    super(problem.detail);
  }

  get status(): number {
    return this.problem.status;
  }

  /** The last part of the problem's type, which is stable: "seats-taken". */
  get code(): string {
    return this.problem.type.replace("/problems/", "");
  }
}

interface Answer<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

/** take gives the body of a success. It throws Refused, and TypeError where no answer came. */
export async function take<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) {
    throw new Refused(problemOf(error, response.status), Number(response.headers.get("Retry-After")) || 0);
  }
  return data as T;
}

/** problemOf reads a problem; what stands between us and the server may answer with something else. */
function problemOf(error: unknown, status: number): Problem {
  if (typeof error === "object" && error !== null && "type" in error && "detail" in error) {
    return error as Problem;
  }
  return { type: "about:blank", title: "", status, detail: "", request_id: "" };
}

/** newKey makes an Idempotency-Key. It needs no secure context, as crypto.randomUUID does. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
