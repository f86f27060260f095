/** What `ensureEngine` is doing, for those who wait. Each kind comes again and again with growing numbers. */
export type EngineStep =
  /** Another run is getting the engine; this one will use it. */
  | { readonly kind: "waiting" }
  /** The official release is coming; `bytes` are here, packed or unpacked. */
  | { readonly kind: "downloading"; readonly bytes: number }
  /** The engine is being built; `reason` says why there was no download. */
  | { readonly kind: "fetching-modules"; readonly reason: string; readonly done: number }
  | { readonly kind: "compiling"; readonly reason: string; readonly done: number; readonly total: number }
  | { readonly kind: "linking"; readonly reason: string };

/** One line for a person. */
export function describeStep(step: EngineStep): string {
  switch (step.kind) {
    case "waiting":
      return "Waiting for another run, which is getting the Pulumi engine";
    case "downloading":
      return `Downloading the Pulumi engine: ${(step.bytes / 1e6).toFixed(0)} MB`;
    case "fetching-modules":
      return `${building(step.reason)}: ${step.done} modules fetched`;
    case "compiling":
      return `${building(step.reason)}: ${step.done} of ${step.total} packages compiled`;
    case "linking":
      return `${building(step.reason)}: linking`;
  }
}

function building(reason: string): string {
  return `Building the Pulumi engine from Go modules, about 4 minutes, once (${reason})`;
}

/**
 * Makes lines of the steps for a log: each new kind at once, then one every `every` milliseconds, for there are
 * hundreds of steps in a build.
 */
export function reportLines(write: (line: string) => void, every = 10_000): (step: EngineStep) => void {
  let kind: EngineStep["kind"] | undefined;
  let last = -Infinity;
  return (step) => {
    const now = performance.now();
    if (step.kind === kind && now - last < every) return;
    kind = step.kind;
    last = now;
    write(describeStep(step));
  };
}
