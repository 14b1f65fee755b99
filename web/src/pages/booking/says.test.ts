import { expect, test } from "vitest";
import type { Schemas } from "../../api/client";
import { t } from "../../words";
import { sayConflicts } from "./says";

const conflict = (reason: Schemas["Conflict"]["reason"]) => ({
  ticket_id: "1",
  seat: "Stalls, row C, seat 12",
  reason,
});
const other = { ticket_ids: ["2"], seats: ["Stalls, row C, seat 14"], amount_minor: 1_600 };

test("seats are said to be gone only where they are", () => {
  const [alone, ...more] = sayConflicts({ conflicts: [conflict("left_alone")], alternatives: [other] });
  expect(alone).toMatch(/leaves Stalls, row C, seat 12 alone/);
  expect(more).toEqual([]);
  const [reserved, ...rest] = sayConflicts({ conflicts: [conflict("reserved_accessible")] });
  expect(reserved).toMatch(/seat 12 is kept for people who use a wheelchair/);
  expect(rest).toEqual([]);
  expect(sayConflicts({ conflicts: [conflict("held")], alternatives: [other] })).toEqual([t.checkout.ended.taken]);
  expect(sayConflicts({ conflicts: [conflict("held"), conflict("left_alone")] })).toHaveLength(2);
  expect(sayConflicts({ conflicts: [conflict("sold")] })).toEqual([t.checkout.ended.takenAll]);
});
