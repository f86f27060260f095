import { styleText } from "node:util";
import type { EngineEvent } from "../toolchain/engine-event.ts";
import { logicalName } from "./operation.ts";

/** Lines for a person that tell what is going on: a terminal sees the present one change, a file gets each. */
export interface Console {
  /** Something long has begun, or goes on: the line may be replaced by the next one. */
  progress(line: string): void;
  /** Something is done. */
  done(line: string): void;
  /** A text that stands by itself. */
  text(text: string): void;
}

/** Seconds between two lines of progress where each one stays. */
const plainInterval = 5;

export function consoleOn(stream: NodeJS.WriteStream): Console {
  let shown = "";
  let last = 0;
  const clear = () => {
    if (stream.isTTY && shown !== "") stream.write("\r\u001b[K");
    shown = "";
  };
  const paint = (mark: string, line: string) => `${styleText("green", mark, { stream })} ${line}\n`;
  return {
    progress: (line) => {
      if (line === shown) return;
      if (stream.isTTY) {
        clear();
        stream.write(
          `${styleText("dim", "·", { stream })} ${line.slice(0, Math.max(10, stream.columns - 4))}`,
        );
        shown = line;
        return;
      }
      const now = performance.now();
      if (shown !== "" && now - last < plainInterval * 1000) return;
      [shown, last] = [line, now];
      stream.write(`· ${line}\n`);
    },
    done: (line) => {
      clear();
      stream.write(paint("✓", line));
    },
    text: (text) => {
      clear();
      stream.write(`${text}\n`);
    },
  };
}

/** Words of progress from the engine's events: how far it is, and with what. */
export function engineProgress(show: (line: string) => void): (event: EngineEvent) => void {
  let done = 0;
  return (event) => {
    if (event.preludeEvent) done = 0;
    const metadata = event.resourcePreEvent?.metadata ?? event.resOutputsEvent?.metadata;
    if (metadata === undefined) return;
    if (event.resOutputsEvent) done += 1;
    const { op, type, urn } = metadata;
    if (op !== "same")
      show(`pulumi: ${done} resources done, ${op} ${type.split(":").at(-1) ?? ""} ${logicalName(urn)}`);
  };
}

/** `12 created, 1 updated` */
export function describeChanges(changes: Readonly<Record<string, number>>): string {
  const words: Readonly<Record<string, string>> = {
    create: "created",
    update: "updated",
    delete: "deleted",
    replace: "replaced",
    refresh: "refreshed",
  };
  const told = Object.entries(words).flatMap(([op, word]) => {
    const count = changes[op];
    return count === undefined ? [] : [`${count} ${word}`];
  });
  return told.length === 0 ? "nothing changed" : told.join(", ");
}
