import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agreeingStack, type AgreeingStack } from "./agreeing-stack.ts";
import { breakingChange } from "./breaking-change.ts";
import { Cloud } from "./cloud.ts";
import type { Stack } from "./declared.ts";
import { imaginedOutputs } from "./imagined.ts";
import { aboutToBe, planned } from "./planned.ts";
import { policyVerdict, verdictBeforeCreation, type Verdict } from "./verdict.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.open();
});
afterAll(() => cloud.close());

const runs = { numRuns: 150 };
const passes: Verdict = { blocked: false, why: [] };

async function verdicts(
  stack: Stack,
  { addresses, idsAreOutputs }: AgreeingStack,
): Promise<{ readonly preview: Verdict; readonly up: Verdict }> {
  const outputs = imaginedOutputs(stack, addresses);
  return {
    preview: await policyVerdict(planned(stack, new Map(), cloud.providers, { idsAreOutputs })),
    up: await policyVerdict(planned(stack, outputs, cloud.providers, { idsAreOutputs })),
  };
}

test("a stack in which everything agrees is never blocked, in preview nor in up", async () => {
  await fc.assert(
    fc.asyncProperty(agreeingStack, async (agreeing) => {
      expect(await verdicts(agreeing.stack, agreeing)).toEqual({ preview: passes, up: passes });
    }),
    runs,
  );
}, 120_000);

test("no resource of a stack in which everything agrees is refused before its creation, in whatever order they come", async () => {
  const inAnyOrder = agreeingStack.chain(({ stack, addresses }) =>
    fc
      .shuffledSubarray([...stack], { minLength: stack.length })
      .map((shuffled) => ({ stack: shuffled, addresses })),
  );
  await fc.assert(
    fc.asyncProperty(inAnyOrder, async ({ stack, addresses }) => {
      const resources = aboutToBe(stack, imaginedOutputs(stack, addresses));
      expect(await verdictBeforeCreation(resources)).toEqual(passes);
    }),
    runs,
  );
}, 120_000);

test("a change of one name or address that breaks the agreement is always blocked, in preview and in up", async () => {
  const broken = agreeingStack.chain((agreeing) =>
    breakingChange(agreeing).map((change) => ({ agreeing, change })),
  );
  await fc.assert(
    fc.asyncProperty(broken, async ({ agreeing, change }) => {
      const { preview, up } = await verdicts(change.mutate(agreeing.stack), agreeing);
      expect({ preview: preview.blocked, up: up.blocked }, change.title).toEqual({ preview: true, up: true });
    }),
    { ...runs, numRuns: 400 },
  );
}, 120_000);
