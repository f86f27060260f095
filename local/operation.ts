import type { EngineEvent } from "../toolchain/engine-event.ts";
import type { CommandResult } from "../toolchain/command.ts";

/** One thing that the engine did to a resource. */
export interface Step {
  /** create, update, delete, replace, same, read … */
  readonly op: string;
  readonly type: string;
  /** The resource's logical name. */
  readonly name: string;
}

/** What an operation of the engine did and said, gathered from its events. */
export class Operation {
  /** Steps that ended well, in the order of their ends; of the update itself where a preview came before it. */
  readonly steps: Step[] = [];
  /** Errors and policy violations, each whole. */
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  /** The stack's outputs, as far as they are known. */
  outputs: Readonly<Record<string, unknown>> = {};
  #ended: CommandResult | undefined;

  add(event: EngineEvent): void {
    if (event.preludeEvent) this.#begin();
    const outputs = event.resOutputsEvent ?? undefined;
    if (outputs) {
      const { op, type, urn, new: state } = outputs.metadata;
      if (type === "pulumi:pulumi:Stack") this.outputs = state?.outputs ?? {};
      this.steps.push({ op, type, name: logicalName(urn) });
    }
    const { diagnosticEvent: diagnostic, policyEvent: violation } = event;
    if (diagnostic && !diagnostic.ephemeral) {
      const subject = diagnostic.urn ? `${logicalName(diagnostic.urn)}: ` : "";
      if (diagnostic.severity === "error") this.errors.push(`${subject}${diagnostic.message.trim()}`);
      if (diagnostic.severity === "warning") this.warnings.push(`${subject}${diagnostic.message.trim()}`);
    }
    if (violation) {
      const text = `${violation.policyName}: ${violation.message.trim()}`;
      (violation.enforcementLevel === "mandatory" ? this.errors : this.warnings).push(text);
    }
  }

  end(result: CommandResult): void {
    this.#ended = result;
    if (result.code !== 0 && this.errors.length === 0)
      this.errors.push((result.stderr || result.stdout).trim() || "the engine ended without a word");
  }

  get succeeded(): boolean {
    return this.#ended?.code === 0;
  }

  /** How many resources were created, updated and so on; what stayed as it was is left out. */
  get changes(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { op } of this.steps) if (op !== "same" && op !== "read") counts[op] = (counts[op] ?? 0) + 1;
    return counts;
  }

  // A new prelude: what was gathered so far was the preview of what comes now.
  #begin(): void {
    this.steps.length = 0;
    this.warnings.length = 0;
  }
}

/** urn:pulumi:local::okmail::aws:ec2/eip:Eip::mail-okmail-address -> mail-okmail-address */
export function logicalName(urn: string): string {
  return urn.split("::").at(-1) ?? urn;
}
