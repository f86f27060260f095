import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { LocalStack } from "../local/stack.ts";
import { reportLines } from "../toolchain/engine-step.ts";
import { ensureEngine } from "../toolchain/engine.ts";
import { pulumi } from "../toolchain/pulumi.ts";
import { table, type Benchmark } from "./benchmark.ts";
import { compare, type Comparison } from "./measure.ts";
import { emptyPack, ourPack, packRows } from "./packs.ts";
import { sizes } from "./sizes.ts";
import { agreeingStack, stackSenders } from "./stack.ts";
import { exportedState } from "./state.ts";

export const analyzeBenchmark: Benchmark = {
  title: "`pulumi policy analyze` of an exported state with the pack against an empty pack",
  async run({ report }) {
    const engine = await ensureEngine({ report: reportLines(report, 1_000) });
    const folder = mkdtempSync(path.join(tmpdir(), "okmail-bench-"));
    try {
      const stack = new LocalStack({ engine, folder, providers: "" });
      await stack.init();
      const analyze = async (file: string, pack: string): Promise<void> => {
        const args = ["policy", "analyze", "--file", file, "--policy-pack", pack, "--json"];
        const { code, stdout, stderr } = await pulumi(engine, args, {
          cwd: folder,
          env: stack.environment(),
        });
        if (code !== 0 || stdout.includes('"policyName"'))
          throw new Error(`${args.join(" ")} was to find nothing: ${stderr || stdout}`);
      };
      const compared: { resources: number; senders: number; times: Comparison }[] = [];
      for (const { resources, senders } of sizes) {
        report(`analyzing ${resources} resources`);
        const file = path.join(folder, `${resources}.json`);
        writeFileSync(file, JSON.stringify(exportedState(agreeingStack(stackSenders(senders)))));
        const times = await compare(
          () => analyze(file, ourPack),
          () => analyze(file, emptyPack),
          resources < 10_000 ? 5 : 3,
        );
        compared.push({ resources, senders, times });
        report(table(packRows(compared)));
      }
      return packRows(compared);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
