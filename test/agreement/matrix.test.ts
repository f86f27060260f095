import { afterAll, beforeAll, expect, it, test } from "vitest";
import { Cloud } from "./cloud.ts";
import type { Row, Witness } from "./row.ts";
import { rows } from "./rows/all.ts";
import { matrixTable } from "./table.ts";
import { tryRow, type Outcome } from "./verdict.ts";

const witnesses = ["before", "preview", "dns", "receiver"] as const satisfies readonly Witness[];
const outcomes: Outcome[] = [];
let cloud: Cloud;

beforeAll(async () => {
  cloud = await Cloud.open();
});
afterAll(async () => {
  await cloud.close();
  if (process.env.OKMAIL_AGREEMENT_MATRIX !== undefined) process.stdout.write(`\n${matrixTable(outcomes)}\n`);
});

it("has at least 120 misconfigurations, no two of one name", () => {
  const names = rows.map(nameOf);
  expect(new Set(names).size).toBe(names.length);
  expect(rows.filter(({ title }) => title !== "nothing").length).toBeGreaterThanOrEqual(120);
});

test.each(rows.map((row) => [nameOf(row), row] as const))("%s", async (_, row) => {
  const outcome = await tryRow(row, cloud);
  outcomes.push(outcome);
  const { up, refusals } = outcome;
  expect(up.blocked ? up.why : ["passes"], "what the pack says in up").toContain(row.expects);
  for (const witness of witnesses) {
    const { blocked, why } = outcome.witnesses[witness];
    const reason = row.differs[witness];
    // Before a resource is created much is not known yet, so that passing says nothing.
    const differs = witness === "before" ? blocked && !up.blocked : blocked !== up.blocked;
    const says = `${witness} says ${blocked ? "blocked" : "passes"} (${why.join(", ")})`;
    expect(differs, `${says}; the row's reason for a difference: ${reason ?? "none"}`).toBe(
      reason !== undefined,
    );
  }
  const refused = refusals.map(({ name, reason }) => `${name}: ${reason}`).join("\n");
  if (row.refused === undefined) expect(refused, "refused by the cloud").toBe("");
  else expect(refused, "refused by the cloud").toContain(row.refused);
});

function nameOf({ group, title }: Row): string {
  return `${group}: ${title}`;
}
