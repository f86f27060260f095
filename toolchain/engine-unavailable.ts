import { requiredGo } from "./go-build.ts";

/** A way to the engine that led nowhere, and why. */
export interface FailedAttempt {
  readonly what: string;
  readonly reason: string;
}

/** There is no engine and none could be had. The message says what was tried, and what to install. */
export class EngineUnavailableError extends Error {
  override readonly name = "EngineUnavailableError";
  readonly failed: readonly FailedAttempt[];

  constructor(version: string, failed: readonly FailedAttempt[]) {
    const tried = failed.map(({ what, reason }) => `  ${what}: ${reason}`);
    super(
      [
        `The Pulumi engine ${version} is not on this machine and could not be had:`,
        ...tried,
        "Install one of these two and try again:",
        `  the Pulumi CLI ${version}: https://www.pulumi.com/docs/install (exactly this version)`,
        `  Go ${requiredGo()} or newer, from which it can be built: https://go.dev/dl`,
      ].join("\n"),
    );
    this.failed = failed;
  }
}
