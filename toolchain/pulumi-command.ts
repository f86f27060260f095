// npm run pulumi -- ARGUMENTS
//
// `pulumi ARGUMENTS` with the pinned engine and a language host, whether they are installed or not.

import { reportLines } from "./engine-step.ts";
import { ensureEngine } from "./engine.ts";
import { exitCode, runChild } from "./run/child.mjs";

try {
  const engine = await ensureEngine({ report: reportLines((line) => console.error(line)) });
  process.exitCode = exitCode(await runChild(engine.command, process.argv.slice(2), { env: engine.env() }));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
