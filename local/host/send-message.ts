import type { Guest } from "./guest.ts";
import { compose, sign, type Letter } from "./message.ts";
import { ruleFor } from "./opendkim.ts";
import { RECEIVER_ENDPOINT, ship, type Receipt, type Shipment } from "./smtp-client.ts";

/** What became of a letter. */
export type Delivery =
  /** The host made a connection, and this is how it went. */
  | { readonly status: "sent"; readonly receipt: Receipt }
  /** The letter waits in the host's queue, or came back: the receiver never heard of it. */
  | { readonly status: "held"; readonly reason: string };

/**
 * Sends a letter as the host's Postfix and OpenDKIM would: signed, from its public address, under its HELO name. To a receiver on
 * loopback the connection says by PROXY protocol where it comes from.
 */
export async function sendMessage(
  guest: Guest,
  letter: Letter,
  receiver: Shipment["receiver"],
): Promise<Delivery> {
  const hindrance = whyHeld(guest);
  if (hindrance !== undefined) return { status: "held", reason: hindrance };

  let content = await compose(letter, guest.helo);
  const rule = ruleFor(guest.signing, letter.from);
  if (rule !== undefined) {
    const { privateKey, fault = "the key can't be read" } = rule;
    const signed = privateKey === undefined ? undefined : await trySign(content, rule, privateKey);
    if (signed === undefined && guest.setting("milter_default_action") !== "accept")
      return {
        status: "held",
        reason: `OpenDKIM has no key for ${rule.selector}._domainkey.${rule.domain}: ${fault}`,
      };
    content = signed ?? content;
  }
  const tlsLevel = guest.setting("smtp_tls_security_level");
  const receipt = await ship({
    receiver,
    source: guest.source.ip,
    helo: guest.helo,
    mailFrom: letter.from,
    recipients: letter.to,
    content,
    starttls: tlsLevel !== "" && tlsLevel !== "none",
  });
  return { status: "sent", receipt };
}

/** What keeps a host from reaching the receiver at all. */
function whyHeld(guest: Guest): string | undefined {
  if (guest.source.kind === "none")
    return "the instance has no public address: no Elastic IP is associated, and EC2 gave it none";
  const relay = guest.setting("relayhost");
  if (relay !== "")
    return `Postfix hands all mail to ${relay} (relayhost), which the local cloud doesn't have`;
  const destination = { address: RECEIVER_ENDPOINT.ip4, port: RECEIVER_ENDPOINT.port };
  if (!guest.letsOut(destination))
    return "the security groups let nothing out to port 25: the connection times out";
  return undefined;
}

async function trySign(
  content: Buffer,
  rule: Guest["signing"][number],
  privateKey: string,
): Promise<Buffer | undefined> {
  const signed = await sign(content, rule, privateKey);
  // The library lets a message through unsigned where the key is none.
  return signed.length > content.length ? signed : undefined;
}
