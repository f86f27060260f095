import type { MessageFacts } from "./message-facts.ts";
import { reply, type Reply } from "./reply.ts";

/**
 * The reply to a message that a strict receiver doesn't take, undefined to one that it takes. A broken signature alone is
 * no reason (RFC 6376 section 6.3): the author's own policy decides, with the code of RFC 7372 section 3.4.
 */
export function judgeMessage({ from, dkim, dmarc }: MessageFacts): Reply | undefined {
  if (dmarc.from === undefined)
    return reply(
      550,
      "5.6.0",
      `Message rejected: ${from.length === 0 ? "no author" : "no single author's domain"}`,
    );
  if (dmarc.result === "pass") return undefined;
  const text = `Message from ${dmarc.from} rejected: DMARC policy is ${dmarc.policy ?? "unknown"}`;
  // A signature that can't be checked now might have saved the message.
  const unsettled = dmarc.result === "temperror" || dkim.some(({ result }) => result === "temperror");
  if (unsettled && dmarc.result !== "none") return reply(451, "4.4.3", `${text}; temporary DNS error`);
  if (dmarc.result !== "fail" || dmarc.policy !== "reject") return undefined;
  return reply(550, "5.7.26", `${text}; neither SPF nor DKIM passes for a domain aligned with it`);
}

/** Whether the author's domain wants the message treated with suspicion. */
export function isSuspicious({ dmarc }: MessageFacts): boolean {
  return dmarc.result === "fail" && dmarc.policy === "quarantine";
}
