import { Blocklists, keysFromEnvironment } from "../mail/blocklists.ts";
import { connectingTo } from "./endpoint.ts";
import type { Report } from "./report.ts";
import { outputsInFile, outputsOfStack } from "./stack-outputs.ts";
import { subjectOfOutputs, type Subject } from "./subject.ts";
import type { Asking, Source } from "./verify-arguments.ts";
import { listsAtOnce, verify, type VerifyOptions } from "./verify.ts";

/** Milliseconds for a blocklist's answer: a lost question is sent once more before that. */
const listTimeLimit = 6_000;

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
  return verify(subject, {
    resolvers,
    reach: connectingTo(connections),
    connect,
    sent,
    ...(blocklists && {
      blocklists: (dns) => new Blocklists(dns, { keys, timeLimit: listTimeLimit, atOnce: listsAtOnce }),
    }),
    progress: (done, all, what) => report(`${done} of ${all} done: ${what}`),
  });
}
