import { stripVTControlCharacters } from "node:util";
import type {
  EngineEvent as SdkEvent,
  PolicyEvent as SdkPolicyEvent,
  SummaryEvent as SdkSummaryEvent,
} from "@pulumi/pulumi/automation/events.js";

/** The end of an operation. `up` has two: of its preview, and of itself. */
export interface SummaryEvent extends SdkSummaryEvent {
  readonly isPreview: boolean;
  readonly result: "succeeded" | "failed" | "canceled";
}

export interface PolicyEvent extends Omit<SdkPolicyEvent, "enforcementLevel"> {
  readonly enforcementLevel: "warning" | "mandatory" | "remediate" | "none";
}

/**
 * An event of the engine, in the form of its JSON output: one of the optional members is there. (The SDK's types lack
 * what the engine has learned to say since.)
 */
export interface EngineEvent extends Omit<SdkEvent, "summaryEvent" | "policyEvent"> {
  readonly summaryEvent?: SummaryEvent;
  readonly policyEvent?: PolicyEvent;
}

/** The event in a line of the engine's JSON output, undefined if it is another text. */
export function parseEvent(line: string): EngineEvent | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const event = JSON.parse(line) as EngineEvent & { sequence?: unknown };
    if (typeof event.sequence !== "number") return undefined;
    // The SDK writes stack traces in colour, whatever the engine was asked for.
    const diagnostic = event.diagnosticEvent;
    if (diagnostic) diagnostic.message = stripVTControlCharacters(diagnostic.message);
    return event;
  } catch {
    return undefined;
  }
}

/** Whether the engine's own display would show the event, and it is news: the SDK's debug messages are not for users. */
export function isForTheUser({ diagnosticEvent }: EngineEvent): boolean {
  if (diagnosticEvent === undefined) return true;
  const { severity, message } = diagnosticEvent as { severity: string; message: string };
  return severity !== "debug" && !isHostNotice(message);
}

/** The engine warns of a language host that it found on PATH. That is where this project told it to look. */
export function isHostNotice(text: string): boolean {
  return /^(warning: )?using pulumi-language-nodejs from \$PATH at /.test(text);
}
