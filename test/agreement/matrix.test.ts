import { afterAll, describe, expect, it, test } from "vitest";
import { Cloud } from "./cloud.ts";
import { expectAgreement } from "./expect-agreement.ts";
import type { Row } from "./row.ts";
import { rows } from "./rows/all.ts";
import { matrixTable } from "./table.ts";
import { tryRow, type Outcome, type ProcessWitness } from "./verdict.ts";

const witnesses = ["before", "preview", "dns", "receiver"] as const satisfies readonly ProcessWitness[];
const outcomes = new Map<Row, Outcome>();
const clouds: Cloud[] = [];

afterAll(async () => {
  for (const cloud of clouds) await cloud.close();
  if (process.env.OKMAIL_AGREEMENT_MATRIX !== undefined)
    console.log(matrixTable(rows.flatMap((row) => outcomes.get(row) ?? [])));
});

it("has at least 120 misconfigurations, no two of one name", () => {
  const names = rows.map(nameOf);
  expect(new Set(names).size).toBe(names.length);
  expect(rows.filter(({ title }) => title !== "nothing").length).toBeGreaterThanOrEqual(120);
});

// Several at a time, since a receiver lets each client wait a moment before it greets.
describe.concurrent("preview, up, live DNS and receiver agree, or it is known why not", () => {
  test.each(rows.map((row) => [nameOf(row), row] as const))("%s", async (_, row) => {
    const outcome = await inSomeCloud((cloud) => tryRow(row, cloud));
    outcomes.set(row, outcome);
    const { up, refusals } = outcome;
    expect(up.blocked ? up.why : ["passes"], "what the pack says in up").toContain(row.expects);
    for (const witness of witnesses) expectAgreement(outcome, witness);
    const refused = refusals.map(({ name, reason }) => `${name}: ${reason}`).join("\n");
    if (row.refused === undefined) expect(refused, "refused by the cloud").toBe("");
    else expect(refused, "refused by the cloud").toContain(row.refused);
  });
});

/** Clouds hold one stack at a time; there are as many as are in use at once. */
const idle: Cloud[] = [];

async function inSomeCloud<T>(act: (cloud: Cloud) => Promise<T>): Promise<T> {
  const cloud = idle.pop() ?? (await Cloud.open());
  if (!clouds.includes(cloud)) clouds.push(cloud);
  try {
    return await act(cloud);
  } finally {
    idle.push(cloud);
  }
}

function nameOf({ group, title }: Row): string {
  return `${group}: ${title}`;
}
