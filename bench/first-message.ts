import { labHindrance } from "../local/lab/requirements.ts";
import type { Benchmark } from "./benchmark.ts";
import { openMailHost, skipped } from "./lab/mail-host.ts";
import { spreadOf } from "./measure.ts";

export const firstMessageBenchmark: Benchmark = {
  title: "seconds from the start of `pulumi up` in a new lab, images built",
  async run({ full, report }) {
    const hindrance = labHindrance();
    if (hindrance !== undefined) return skipped(hindrance);
    const runs: { deployed: number; booted: number; accepted: number }[] = [];
    const count = full ? 9 : 3;
    // The first builds images and fills caches, and doesn't count.
    for (let run = 0; run <= count; run++) {
      const host = await openMailHost(report);
      const { seconds } = host;
      await host.close();
      report(`run ${run}: a message was accepted after ${seconds.accepted.toFixed(1)} s`);
      if (run > 0) runs.push(seconds);
    }
    return [
      {
        runs: count,
        "pulumi up": spreadOf(runs.map(({ deployed }) => deployed)),
        booted: spreadOf(runs.map(({ booted }) => booted)),
        "first message accepted": spreadOf(runs.map(({ accepted }) => accepted)),
      },
    ];
  },
};
