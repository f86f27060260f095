import { text } from "node:stream/consumers";
import type { LabHost } from "../../local/lab/host.ts";
import type { Lab } from "../../local/lab/lab.ts";
import { runProbe, type ProbeOutcome, type RelayProbe } from "./relay-probes.ts";
import { SmtpDialogue, type Reply, type SmtpPort } from "./smtp-dialogue.ts";
import { submit, type SubmissionOutcome, type SubmissionProbe } from "./submission-probes.ts";

// SMTP clients are of this project, and its Node isn't on the lab's hosts: so a Node of this machine works in a host's network.

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** A reply, and how long it took to come, in milliseconds. */
export interface TimedReply extends Reply {
  readonly took: number;
}

/** What to say to a server, as it stands; STARTTLS encrypts. */
export interface Dialogue {
  readonly server: SmtpPort;
  readonly lines: readonly string[];
}

interface Errands {
  readonly probes?: readonly { readonly server: SmtpPort; readonly probe: RelayProbe }[];
  readonly submissions?: readonly {
    readonly server: SmtpPort;
    readonly login: Login;
    readonly probe: SubmissionProbe;
    readonly recipient: string;
  }[];
  readonly dialogues?: readonly Dialogue[];
}

interface Outcomes {
  readonly probes: readonly ProbeOutcome[];
  readonly submissions: readonly SubmissionOutcome[];
  readonly dialogues: readonly (readonly TimedReply[])[];
}

/** Runs SMTP clients in the network of a host, each in a connection of its own, and a few at one time. */
export async function runErrands(lab: Lab, host: LabHost, errands: Errands): Promise<Outcomes> {
  const node = [process.execPath, import.meta.filename];
  const output = await lab.check(["ip", "netns", "exec", host.name, ...node], {
    input: JSON.stringify(errands),
  });
  return JSON.parse(output) as Outcomes;
}

async function converse({ server, lines }: Dialogue): Promise<TimedReply[]> {
  const { dialogue, greeting } = await SmtpDialogue.open(server);
  try {
    const replies: TimedReply[] = [{ ...greeting, took: 0 }];
    for (const line of lines) {
      const began = performance.now();
      const reply = await (line === "STARTTLS" ? dialogue.startTls() : dialogue.command(line));
      replies.push({ ...reply, took: performance.now() - began });
      if (reply.code === 0) break;
    }
    return replies;
  } finally {
    dialogue.close();
  }
}

/** As `Promise.all` of `work` on each, a few at one time. */
async function some<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return results;
}

if (process.argv[1] === import.meta.filename) {
  const { probes = [], submissions = [], dialogues = [] } = JSON.parse(await text(process.stdin)) as Errands;
  const outcomes: Outcomes = {
    probes: await some(probes, ({ server, probe }) => runProbe(server, probe)),
    submissions: await some(submissions, ({ server, login, probe, recipient }) =>
      submit(server, login, probe, recipient),
    ),
    dialogues: await some(dialogues, converse),
  };
  console.log(JSON.stringify(outcomes));
}
