import { afterAll, beforeAll, describe, test } from "vitest";
import { labHindrance } from "../../local/lab/requirements.ts";
import { Cloud } from "../agreement/cloud.ts";
import { expectAgreement } from "../agreement/expect-agreement.ts";
import { rows } from "../agreement/rows/all.ts";
import { matrixTable } from "../agreement/table.ts";
import { tryRowInLab, type Outcome } from "../agreement/verdict.ts";
import { openAgreementLab } from "./agreement-lab.ts";

const hindrance = labHindrance();
if (hindrance !== undefined) console.warn(`SKIPPED, the agreement matrix in the lab: ${hindrance}`);

describe.skipIf(hindrance !== undefined)(
  "up, live DNS and a strict Postfix agree, or it is known why not",
  () => {
    const outcomes: Outcome[] = [];
    let cloud: Cloud;

    beforeAll(async () => {
      cloud = await Cloud.open(openAgreementLab);
    }, 300_000);

    afterAll(async () => {
      await cloud.close();
      if (process.env.OKMAIL_AGREEMENT_MATRIX !== undefined) console.log(matrixTable(outcomes));
    }, 60_000);

    test.each(rows.map((row) => [`${row.group}: ${row.title}`, row] as const))("%s", async (_, row) => {
      const outcome = await tryRowInLab(row, cloud);
      outcomes.push(outcome);
      for (const witness of ["labDns", "lab"] as const) expectAgreement(outcome, witness);
    });
  },
);
