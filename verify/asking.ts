import { Blocklists, keysFromEnvironment } from "../mail/blocklists.ts";
import { liveResolver } from "../mail/live-resolver.ts";
import { connectingTo, endpointText } from "./endpoint.ts";
import type { Report } from "./report.ts";
import { outputsInFile, outputsOfStack } from "./stack-outputs.ts";
import { subjectOfOutputs, type Subject } from "./subject.ts";
import type { Asking, Source } from "./verify-arguments.ts";
import { verify, type VerifyOptions } from "./verify.ts";

/** Milliseconds until a blocklist's query counts as lost, of three that it may take. */
const lostAfter = 2_000;

/** Whose mail it is about. @throws Error if the stack or the file can't be read */
export async function subjectOf(
  source: Source,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<Subject> {
  switch (source.kind) {
    case "stack":
      return subjectOfOutputs(await outputsOfStack(source.name, { report, signal }));
    case "outputs":
      return subjectOfOutputs(await outputsInFile(source.file));
    case "sender": {
      const { domain, helo, addresses, selectors } = source;
      const sender = {
        addresses,
        helo,
        mailFrom: domain,
        selectors: selectors.map((selector) => ({ selector })),
      };
      return { domain, senders: [sender], declared: [] };
    }
  }
}

/** Verifies once, asking whom the command line says. */
export function verifyOnce(
  subject: Subject,
  { resolvers, connections, connect, blocklists }: Asking,
  report: (line: string) => void,
  sent?: VerifyOptions["sent"],
): Promise<Report> {
  const keys = keysFromEnvironment(process.env);
  // Lists refuse most public resolvers: the first, which is this machine's, is the one to ask.
  const first = resolvers.slice(0, 1).map(endpointText);
  return verify(subject, {
    resolvers,
    reach: connectingTo(connections),
    connect,
    sent,
    ...(blocklists && {
      blocklists: () => new Blocklists(liveResolver(first, lostAfter), { keys, timeLimit: 3 * lostAfter }),
    }),
    progress: (done, all, what) => report(`${done} of ${all} done: ${what}`),
  });
}
