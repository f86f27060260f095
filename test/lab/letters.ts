import { INBOX } from "../../local/inbox.ts";
import type { CommandResult } from "../../toolchain/command.ts";
import type { Guest } from "../../local/lab/guest.ts";
import type { LabDataPlane } from "../../local/lab/lab-data-plane.ts";

const SENDER = "app@example.com";

/** Over a few connections at one time. Prints the Message-ID of each letter that the host took. */
const SUBMIT = `
import concurrent.futures, smtplib, sys
name, count = sys.argv[1], int(sys.argv[2])
def send(numbers):
    with smtplib.SMTP("127.0.0.1", local_hostname="localhost") as client:
        for number in numbers:
            header = f"From: ${SENDER}\\nTo: ${name("inbox")}\\nMessage-ID: <{name}-{number}@example.com>\\nSubject: {number}"
            client.sendmail("${SENDER}", "${name("inbox")}", f"{header}\\n\\nLetter {number}\\n")
            # In one piece, for others write too.
            sys.stdout.write(f"{name}-{number}@example.com\\n")
with concurrent.futures.ThreadPoolExecutor() as pool:
    # Tells what went wrong in any of them.
    list(pool.map(send, [range(first, count, 4) for first in range(4)]))
`;

function name(localPart: string): string {
  return `${localPart}@${INBOX.domain}`;
}

/** Has programs on a host hand over letters to its Postfix; resolves to the Message-IDs of those that it took. */
export async function handOver(guest: Guest, series: string, count: number): Promise<string[]> {
  const output = await guest.check(["python3", "-c", SUBMIT, series, String(count)]);
  return output.trim().split("\n").toSorted();
}

/** Has a program on a host hand over one letter by sendmail(1). */
export function sendmail(guest: Guest, id: string): Promise<CommandResult> {
  const header = `From: ${SENDER}\nTo: ${name("inbox")}\nMessage-ID: <${id}>\nSubject: one`;
  return guest.run(["/usr/sbin/sendmail", "-i", "-f", SENDER, "--", name("inbox")], {
    input: `${header}\n\nOne letter\n`,
  });
}

/** The Message-IDs of a series that the receiver has accepted until now, each as often as it came. */
export async function accepted(plane: LabDataPlane, series: string): Promise<string[]> {
  await plane.mailServer.sync();
  return plane.messages
    .map(({ content }) => /^Message-ID: *<([^>]+)>/im.exec(content.toString("latin1"))?.[1] ?? "none")
    .filter((id) => id.startsWith(series))
    .toSorted();
}

/** What the receiver says of the signatures of accepted mail, where not all of them pass or there are none. */
export function unsigned(plane: LabDataPlane): readonly string[] {
  return plane.attempts
    .flatMap(({ message, outcome }) => (message === undefined || outcome !== "accepted" ? [] : [message]))
    .filter(({ dkim }) => dkim.length === 0 || dkim.some(({ result }) => result !== "pass"))
    .map(({ dkim }) => dkim.map(({ info }) => info).join("; "));
}

/** The queue of a host: how many messages wait in each part of it. */
export async function queueOf(guest: Guest): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const { queue_name: part } of await queued(guest)) counts[part] = (counts[part] ?? 0) + 1;
  return counts;
}

/**
 * The letters that have not arrived, each with where it is on the host and what the host's log has of it: in a part of the
 * queue, or in none, being bounced or lost.
 */
export async function astray(guest: Guest, plane: LabDataPlane, ids: readonly string[]): Promise<string[]> {
  const arrived = new Set(await accepted(plane, ""));
  const missing = ids.filter((id) => !arrived.has(id));
  if (missing.length === 0) return [];
  const queue = new Map((await queued(guest)).map(({ queue_id: id, queue_name: part }) => [id, part]));
  const log = await guest.journal("--unit=postfix.service");
  return missing.map((id) => {
    // Forwarded, it has more than one.
    const queueIds = log.flatMap((line) => /^(\w+): (?:resent-)?message-id=<(.*)>$/.exec(line) ?? []);
    const own = queueIds.flatMap((text, index) => (text === id ? (queueIds[index - 1] ?? []) : []));
    const where = own.map((queueId) => `${queueId} in ${queue.get(queueId) ?? "no queue"}`).join(", ");
    const lines = log.filter((line) => own.some((queueId) => line.startsWith(queueId)));
    return [`${id}: ${where || "not in the log"}`, ...lines].join("\n");
  });
}

/** What waits on a host, and what receivers have refused for good, a line each. */
export async function undelivered(guest: Guest): Promise<string[]> {
  const waiting = (await queued(guest)).map(({ queue_id, queue_name, recipients }) =>
    [queue_id, queue_name, ...recipients.map(({ delay_reason }) => delay_reason)].join(" "),
  );
  const log = await guest.journal("--unit=postfix.service");
  return [...waiting, ...log.filter((line) => / relay=\S+\[.* status=bounced /.test(line))];
}

/** A message as `postqueue -j` tells of it. */
interface QueuedLetter {
  readonly queue_id: string;
  readonly queue_name: string;
  readonly recipients: readonly { readonly delay_reason?: string }[];
}

async function queued(guest: Guest): Promise<QueuedLetter[]> {
  const lines = (await guest.check(["postqueue", "-j"])).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as QueuedLetter);
}
