import type { DataPlane } from "./data-plane.ts";
import { NoGuestError } from "./host/guest.ts";
import type { Attempt } from "./receiver/attempt.ts";

export interface TestMessage {
  readonly instanceId: string;
  readonly helo: string;
  /** The domain of MAIL FROM and From. */
  readonly domain: string;
}

/** A message on its way from a host to the receiver, and what became of it. */
export interface SentMessage {
  readonly helo: string;
  /** What the receiver saw; undefined if the message never got there. */
  readonly attempt: Attempt | undefined;
  /** Why the host did not send it. */
  readonly held: string | undefined;
}

/** Sends a message from a declared host to the receiver of the local cloud, as an application on the host would. */
export async function sendTestMessage(
  plane: DataPlane,
  { instanceId, helo, domain }: TestMessage,
): Promise<SentMessage> {
  await plane.settle();
  const before = plane.attempts.length;
  try {
    const delivery = await plane.deliver(instanceId, {
      from: `postmaster@${domain}`,
      to: [`postmaster@${plane.receiver.domain}`],
      subject: `A first message from ${helo}`,
      text: `Sent by the host that the stack declares for ${domain}, to a receiver that is strict.\n`,
    });
    const held = delivery.status === "held" ? delivery.reason : undefined;
    return { helo, attempt: plane.attempts.slice(before).at(-1), held };
  } catch (error) {
    if (!(error instanceof NoGuestError)) throw error;
    return { helo, attempt: undefined, held: error.message };
  }
}
