import { expect, test } from "vitest";
import { agreeingStack, resourcesPerSender, stackSenders } from "../../bench/stack.ts";
import { seenResources } from "../../bench/state.ts";
import { judgeStack } from "../../policy/judgement.ts";

test("the stack that the benchmarks judge has senders in which everything agrees", async () => {
  const stack = agreeingStack(stackSenders(3));
  expect(stack).toHaveLength(3 * resourcesPerSender);
  const { senders, reports } = await judgeStack(seenResources(stack));
  expect(senders.map(({ sender }) => [sender.helo, sender.addresses, sender.selectors.length])).toEqual([
    ["mail.d0.example.com", ["3.120.0.0"], 1],
    ["mail.d1.example.com", ["3.120.0.1"], 1],
    ["mail.d2.example.com", ["3.120.0.2"], 1],
  ]);
  expect(reports).toEqual([]);
});
