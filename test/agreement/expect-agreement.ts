import { expect } from "vitest";
import type { Witness } from "./row.ts";
import type { Outcome } from "./verdict.ts";

/** Expects a witness to say what the pack says in up; or another thing, just where the row has a reason for it. */
export function expectAgreement<Asked extends Witness>(outcome: Outcome<Asked>, witness: Asked): void {
  const { row, up, witnesses } = outcome;
  const { blocked, deferred = false, why } = witnesses[witness];
  const reason = row.differs[witness];
  // Before a resource is created much is not known yet, so that passing says nothing.
  const differs = witness === "before" ? blocked && !up.blocked : blocked !== up.blocked || deferred;
  const says = `${witness} says ${blocked ? "blocked" : "passes"} (${why.join(", ")}), up (${up.why.join(", ")})`;
  expect(differs, `${says}; the row's reason for a difference: ${reason ?? "none"}`).toBe(
    reason !== undefined,
  );
}
