import { createRequire } from "node:module";
import path from "node:path";

/** The SDK's own starters, of which each sort of program needs one. */
export type Runner = "run" | "run-plugin" | "run-policy-pack";

/**
 * Where the SDK that a program uses keeps its starter: looked up from the program's folder, as the program does.
 *
 * @throws Error that says what to do if the SDK is not installed
 */
export function sdkRunner(runner: Runner, programDirectory: string): string {
  try {
    return createRequire(path.join(programDirectory, "program.js")).resolve(`@pulumi/pulumi/cmd/${runner}`);
  } catch (error) {
    throw new Error(
      `The Pulumi SDK (@pulumi/pulumi) is not installed for ${programDirectory}. Run \`npm install\` there.`,
      { cause: error },
    );
  }
}
