import { styleText } from "node:util";
import { consoleOn } from "../../local/console.ts";
import { liveResolver } from "../../mail/live-resolver.ts";
import { InterruptedError, userInterrupts } from "../../toolchain/interrupts.ts";
import { subjectOf } from "../asking.ts";
import { connectingTo, endpointText } from "../endpoint.ts";
import { startProbe, type SentHelo } from "../probe.ts";
import { printable } from "../report/printable.ts";
import type { Subject } from "../subject.ts";
import { usageError } from "../usage-error.ts";
import { ownPublicAddresses } from "./own-addresses.ts";
import { provePort25, type Proof } from "./port-25.ts";
import { readRequestArguments, requestUsage, type RequestArguments } from "./request-arguments.ts";
import { requestText } from "./request-text.ts";
import { emailRequest } from "./request.ts";
import { readStackSettings } from "./stack-settings.ts";

/** Milliseconds until a query counts as lost. */
const lostAfter = 2_000;

/** `okmail request`: its arguments in, the exit code out. */
export async function requestCommand(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(`${requestUsage}\n`);
    return 0;
  }
  using interrupts = userInterrupts();
  const { stop: signal } = interrupts;
  const screen = consoleOn(process.stderr);
  const progress = (line: string) => screen.progress(line);
  try {
    const options = readRequestArguments(args);
    const subject = await subjectOf(options.source, progress, signal);
    return await (options.prove
      ? prove(subject, options, progress, signal)
      : write(subject, options, progress));
  } catch (error) {
    if (error instanceof InterruptedError) return error.exitCode;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${message}\n\nokmail request --help says more.\n`);
    return usageError;
  }
}

type Report = (line: string) => void;

async function write(subject: Subject, options: RequestArguments, report: Report): Promise<number> {
  const { configFile, json } = options;
  report("reading the configuration and the DNS");
  const request = await emailRequest(subject, {
    ...options,
    resolver: resolverOf(options),
    settings: configFile === undefined ? undefined : await readStackSettings(configFile),
  });
  process.stdout.write(`${json ? JSON.stringify(request, undefined, 2) : requestText(request)}\n`);
  return request.missing.length === 0 ? 0 : 1;
}

async function prove(
  subject: Subject,
  options: RequestArguments,
  report: Report,
  signal: AbortSignal,
): Promise<number> {
  const reach = connectingTo(options.connections);
  const ownAddresses = await ownPublicAddresses(reach);
  const heard = await hear(subject, options, report, signal);
  report("connecting to port 25");
  const proofs = await provePort25(subject, {
    resolver: resolverOf(options),
    reach,
    to: options.to,
    ownAddresses,
    heard,
  });
  signal.throwIfAborted();
  const text = options.json
    ? JSON.stringify({ version: 1, proofs }, undefined, 2)
    : proofs.map(proofText).join("\n");
  process.stdout.write(`${text}\n`);
  return exitCodeOf(proofs);
}

/** Waits for the hosts, if it is to. @throws Error if it can't listen, or the signal's reason */
async function hear(
  { senders }: Subject,
  { probe: listen, timeLimit }: RequestArguments,
  report: Report,
  signal: AbortSignal,
): Promise<readonly SentHelo[] | undefined> {
  if (listen === undefined) return undefined;
  const awaited = senders.flatMap(({ addresses }) => addresses);
  const probe = await startProbe({ listen, awaited, timeout: timeLimit }).catch((error: unknown) => {
    throw new Error(
      `--probe ${endpointText(listen)}: can't listen there (${(error as NodeJS.ErrnoException).code ?? String(error)}). ` +
        "Ports below 1024 need root, or choose another and have it forwarded.",
      { cause: error },
    );
  });
  const close = () => probe.close();
  signal.addEventListener("abort", close, { once: true });
  try {
    report(`listening on ${endpointText(probe)}: have each host send a message there now`);
    const heard = await probe.heard;
    signal.throwIfAborted();
    return heard;
  } finally {
    signal.removeEventListener("abort", close);
    close();
  }
}

function resolverOf({ resolvers }: RequestArguments) {
  return liveResolver(resolvers.map(endpointText), lostAfter);
}

/** What this machine shows only about itself doesn't count. */
function exitCodeOf(proofs: readonly Proof[]): number {
  const ofHosts = proofs.filter(({ address }) => address !== null);
  if (ofHosts.some(({ outcome }) => outcome === "closed")) return 1;
  return ofHosts.some(({ outcome }) => outcome === "unknown") ? 2 : 0;
}

const marks = {
  open: ["green", "✓"],
  closed: ["red", "✗"],
  unknown: ["magenta", "?"],
} as const satisfies Record<Proof["outcome"], readonly [string, string]>;

function proofText({ direction, host, outcome, text, fix }: Proof): string {
  const [colour, mark] = marks[outcome];
  const head = `${styleText(colour, mark, { stream: process.stdout })} ${host}, ${direction}: ${printable(text)}`;
  return fix === null ? head : `${head}\n    -> ${printable(fix)}`;
}
