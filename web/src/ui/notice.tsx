import type { ComponentChildren } from "preact";
import { Refused } from "../api/client";
import { fill, t } from "../words";
import { WarningIcon } from "./icons";

/** sayError tells a person what became of a request. */
export function sayError(error: unknown): string {
  if (!(error instanceof Refused)) {
    return t.failed.offline;
  }
  switch (error.status) {
    case 500:
      return t.failed.server;
    case 502:
    case 503:
    case 504:
      return t.failed.busy;
    default:
      return error.problem.detail || t.failed.server;
  }
}

/** Failure says that a page cannot be shown, and offers another try where that may help. */
export function Failure({ error, again }: { error: unknown; again: () => void }) {
  const refused = error instanceof Refused ? error : undefined;
  if (refused?.status === 404) {
    return (
      <Empty title={t.failed.notFound} says={t.failed.notFoundSays}>
        <a class="button" href="/app">
          {t.failed.home}
        </a>
      </Empty>
    );
  }
  return (
    <div class="empty" role="alert">
      <WarningIcon />
      <h2>{t.failed.title}</h2>
      <p>{sayError(error)}</p>
      <button type="button" onClick={again}>
        {t.failed.again}
      </button>
      {refused?.problem.request_id && <p class="hint">{fill(t.failed.request, { id: refused.problem.request_id })}</p>}
    </div>
  );
}

/** Pending stands where a page is not there yet, or could not be loaded. */
export function Pending({ error, again }: { error: unknown; again: () => void }) {
  return error === undefined ? <Loading /> : <Failure error={error} again={again} />;
}

/** Empty says that there is nothing, and what to do about it. */
export function Empty({ title, says, children }: { title: string; says: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      <p>{says}</p>
      {children}
    </div>
  );
}

/** Loading keeps the place of what is on its way. */
export function Loading({ rows = 3 }: { rows?: number }) {
  return (
    <div class="loading" role="status">
      <span class="hidden">{t.failed.loading}</span>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} class="ghost" />
      ))}
    </div>
  );
}
