import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { openLocalCloud } from "../local/cloud.ts";
import { LocalStack, projectFolder } from "../local/stack.ts";
import { reportLines } from "../toolchain/engine-step.ts";
import { ensureEngine } from "../toolchain/engine.ts";
import { table, type Benchmark } from "./benchmark.ts";
import { compare, type Comparison } from "./measure.ts";
import { emptyPack, ourPack, packRows } from "./packs.ts";
import { sizes } from "./sizes.ts";
import { region, zone } from "./stack.ts";

export const previewBenchmark: Benchmark = {
  title: "`pulumi preview` of a new stack on the local cloud with the pack against an empty pack",
  async run({ full, report }) {
    const engine = await ensureEngine({ report: reportLines(report, 1_000) });
    const folder = mkdtempSync(path.join(tmpdir(), "okmail-bench-"));
    const cloud = await openLocalCloud({ folder, surroundings: { region, zone } });
    try {
      const configFile = path.join(folder, "Pulumi.local.yaml");
      const program = path.join(import.meta.dirname, "program");
      const stack = new LocalStack({ engine, folder, providers: cloud.providers, configFile, program });
      await stack.init();
      const preview = async (pack: string): Promise<void> => {
        const { succeeded, errors, warnings } = await stack.preview({ arguments: ["--policy-pack", pack] });
        if (!succeeded || warnings.length > 0)
          throw new Error(`The preview was to find nothing: ${[...errors, ...warnings].join("\n")}`);
      };
      const compared: { resources: number; senders: number; times: Comparison }[] = [];
      for (const { resources, senders } of sizes) {
        if (resources >= 10_000 && !full) continue;
        report(`previewing ${resources} resources${resources >= 10_000 ? ", which takes many minutes" : ""}`);
        writeFileSync(configFile, configuration(senders));
        const times = await compare(
          () => preview(ourPack),
          () => preview(emptyPack),
          resources < 10_000 ? 5 : 3,
        );
        compared.push({ resources, senders, times });
        report(table(packRows(compared)));
      }
      return packRows(compared);
    } finally {
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** The local stack's configuration for the program in bench/program; its salt goes with its passphrase. */
function configuration(senders: number): string {
  const file = readFileSync(path.join(projectFolder, "Pulumi.local.yaml"), "utf8");
  const salt = /^encryptionsalt: (.*)$/m.exec(file)?.[1];
  return stringify({ encryptionsalt: salt, config: { "aws:region": region, "okmail:senders": senders } });
}
