import type { Guest } from "../../local/lab/guest.ts";
import { INBOX } from "../../local/inbox.ts";

/** Most deliveries at one time to the one domain that all mail goes to here. Postfix's own limit, 20, is for many domains. */
export const CONCURRENCY = 50;

/** Connections over which mail comes in. */
const SESSIONS = 20;

/** Octets of a message, a notice with some HTML. */
const MESSAGE_SIZE = 8192;

const SPOOL = "/var/spool/postfix";

/** Argument: queues. Waits until nothing is in them. */
const UNTIL_EMPTY = `
cd ${SPOOL}
until [ -z "$(find "$@" -type f -print -quit)" ]; do sleep 0.05; done
`;

/** Mail that is to be handed to the host's Postfix. */
export interface Load {
  readonly messages: number;
  /** A port on the host's loopback. */
  readonly port: number;
  readonly domain: string;
}

/** What is measured must not be Postfix's courtesy to one receiver. */
export async function liftLimits(guest: Guest): Promise<void> {
  await guest.check([
    "postconf",
    "-e",
    `default_destination_concurrency_limit=${CONCURRENCY}`,
    `initial_destination_concurrency=${CONCURRENCY}`,
  ]);
  await reload(guest);
}

export async function reload(guest: Guest): Promise<void> {
  // Postfix waits for a main.cf that is less than two seconds old.
  await guest.check(["touch", "--date=10 seconds ago", "/etc/postfix/main.cf"]);
  await guest.check(["postfix", "reload"]);
}

/** Hands mail to Postfix as an application on the host does; resolves when all of it is accepted. */
export async function inject(guest: Guest, { messages, port, domain }: Load): Promise<void> {
  const addresses = ["-f", `bounces@${domain}`, "-N", "-t", `x@${INBOX.domain}`];
  const amount = ["-s", `${SESSIONS}`, "-m", `${messages}`, "-l", `${MESSAGE_SIZE}`];
  await guest.check(["smtp-source", "-d", ...amount, ...addresses, `127.0.0.1:${port}`]);
}

/** Resolves when all mail has left the host. Rejects if some has to be tried again, which would make a measurement void. */
export async function untilSent(guest: Guest): Promise<void> {
  await guest.check(["sh", "-euc", UNTIL_EMPTY, "sh", "maildrop", "incoming", "active"]);
  const deferred = await queued(guest, "deferred");
  if (deferred > 0) throw new Error(`${deferred} messages were deferred. ${await lastReason(guest)}`);
}

/** The number of messages in a queue, such as `deferred`. */
export async function queued(guest: Guest, ...queues: readonly string[]): Promise<number> {
  const folders = queues.map((name) => `${SPOOL}/${name}`);
  const found = await guest.check(["find", ...folders, "-type", "f", "-printf", "."]);
  return found.length;
}

async function lastReason(guest: Guest): Promise<string> {
  return (await guest.journal("--facility=mail", "--grep=status=deferred", "--lines=1")).join("");
}
