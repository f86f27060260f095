import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { analyzeBenchmark } from "./analyze.ts";
import { table, type Benchmark } from "./benchmark.ts";
import { drainBenchmark } from "./drain.ts";
import { firstMessageBenchmark } from "./first-message.ts";
import { judgeBenchmark, memoryBenchmark } from "./judge.ts";
import { judgementBenchmark } from "./judgement.ts";
import { previewBenchmark } from "./preview.ts";
import { throughputBenchmark } from "./throughput.ts";
import { verifyBenchmark } from "./verify.ts";

// `npm run bench -- [NAME…] [--json FILE] [--full]`: how fast judge, pack, mail host and verification are, each against
// something that runs in the same minute. Without names all of them, of which the host's need Linux and root; --full also
// previews 10,000 resources and drains a queue of 50,000 messages.

const benchmarks: Readonly<Record<string, Benchmark>> = {
  judge: judgeBenchmark,
  memory: memoryBenchmark,
  judgement: judgementBenchmark,
  analyze: analyzeBenchmark,
  preview: previewBenchmark,
  throughput: throughputBenchmark,
  drain: drainBenchmark,
  "first-message": firstMessageBenchmark,
  verify: verifyBenchmark,
};

const { values, positionals } = parseArgs({
  options: { json: { type: "string" }, full: { type: "boolean", default: false } },
  allowPositionals: true,
});
const chosen = positionals.length === 0 ? Object.keys(benchmarks) : positionals;
const results: Record<string, unknown> = {};
for (const name of chosen) {
  const benchmark = benchmarks[name];
  if (benchmark === undefined)
    throw new Error(`"${name}" is no benchmark. Give some of: ${Object.keys(benchmarks).join(", ")}.`);
  const rows = await benchmark.run({ full: values.full, report: (line) => console.error(line) });
  console.log(`\n${name}: ${benchmark.title}\n\n${table(rows)}\n`);
  results[name] = rows;
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
}
