import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { projectFolder } from "../local/stack.ts";
import { reportLines } from "../toolchain/engine-step.ts";
import { ensureEngine } from "../toolchain/engine.ts";
import { pulumi } from "../toolchain/pulumi.ts";

/** The outputs of one of this project's stacks. Secrets stay masked. @throws Error with what the engine says */
export async function outputsOfStack(
  name: string,
  { report, signal }: { readonly report: (line: string) => void; readonly signal: AbortSignal },
): Promise<unknown> {
  const engine = await ensureEngine({ report: reportLines(report), signal });
  const args = ["stack", "output", "--json", "--stack", name];
  const { code, stdout, stderr } = await pulumi(engine, args, { cwd: projectFolder, signal });
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`--stack ${name}: pulumi stack output says: ${stderr.trim()}`);
  return parsed(stdout, `--stack ${name}`);
}

/** The outputs in a file, or on standard input. @throws Error that names the file and what is wrong with it */
export async function outputsInFile(file: string): Promise<unknown> {
  let content: string;
  try {
    content = file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
  } catch (error) {
    throw new Error(
      `--outputs ${file} can't be read (${(error as NodeJS.ErrnoException).code ?? String(error)}). ` +
        "Write it with: npm run pulumi -- stack output --json --stack NAME > FILE",
      { cause: error },
    );
  }
  return parsed(content, `--outputs ${file}`);
}

function parsed(content: string, from: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw new Error(`${from} is no JSON; it has to be what pulumi stack output --json writes`);
  }
}
