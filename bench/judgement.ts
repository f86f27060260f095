import { judgeStack } from "../policy/judgement.ts";
import type { Benchmark } from "./benchmark.ts";
import { spreadOf, timeOf } from "./measure.ts";
import { sizes } from "./sizes.ts";
import { agreeingStack, stackSenders } from "./stack.ts";
import { seenResources } from "./state.ts";

export const judgementBenchmark: Benchmark = {
  title: "The pack's judgement of a stack, without the engine",
  async run({ report }) {
    const measured = sizes.map(({ resources, senders }) => ({
      resources,
      senders,
      stack: seenResources(agreeingStack(stackSenders(senders))),
      times: [] as number[],
    }));
    for (let round = 0; round < 7; round++) {
      for (const { resources, stack, times } of measured) {
        report(`judging ${resources} resources`);
        // Small stacks several times over: what is done in a millisecond can't be timed.
        const repetitions = Math.ceil(1_000 / resources);
        const time = await timeOf(async () => {
          for (let turn = 0; turn < repetitions; turn++) await judgeStack(stack);
        });
        if (round > 0) times.push(time / repetitions);
      }
    }
    return measured.map(({ resources, senders, times }, index) => {
      const time = spreadOf(times);
      const smaller = measured[index - 1];
      return {
        resources,
        senders,
        "in ms": time,
        growth: smaller === undefined ? "" : time.median / spreadOf(smaller.times).median,
      };
    });
  },
};
