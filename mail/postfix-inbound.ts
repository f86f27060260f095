import { mailboxFault } from "./address.ts";
import type { PostfixOptions, Setting } from "./postfix.ts";

/** Local parts that a receiving host always has. postmaster: RFC 5321 4.5.1; abuse: RFC 2142 4; bounces: MAIL FROM. */
const roles = ["postmaster", "abuse", "bounces"] as const;

/** Takes the place of the sender when mail is forwarded, see `aliases`. */
const forwarder = "owner-postmaster";

/** User of Debian's base system, in whose mailbox mail stays that has no other destination. */
const mailboxUser = "mail";

/**
 * Local parts that mean themselves in main.cf's inline tables and in aliases(5), where `|command`, `/file`,
 * `:include:` and `$name` mean more.
 */
const plainLocalPart = /^[A-Za-z0-9][A-Za-z0-9._+-]*$/;

/**
 * Why mail can't be forwarded to `address`, undefined if it can: a mailbox (RFC 5321 4.1.2) whose local part is
 * plain, since Postfix gives characters such as `|` and `/` a meaning. A phrase that follows the address.
 */
export function forwardFault(address: string): string | undefined {
  return (
    mailboxFault(address) ??
    (plainLocalPart.test(address.slice(0, address.lastIndexOf("@")))
      ? undefined
      : "has other characters than letters, digits, dots, plus and hyphens before the @")
  );
}

/** What comes in, and where mail for the host itself goes. */
export function inboundSettings(options: PostfixOptions): readonly Setting[] {
  return options.receivesMail ? [...accepting(options), ...smtpServer] : closed;
}

/** Other hosts take the domain's mail: nothing comes in here. */
const closed: readonly Setting[] = [
  ["inet_interfaces", "loopback-only", "Other servers take the domain's mail, so nothing listens outside."],
  ["mydestination", "localhost", "The domain's own mail goes to its mail exchangers."],
  ["alias_maps", "inline:{root=postmaster}", "What the system mails to root, the domain's postmaster gets."],
  ["virtual_alias_maps", "inline:{root=postmaster}", "The same for root with our domain."],
];

function accepting(options: PostfixOptions): Setting[] {
  const accepted = [...roles, ...acceptedLocalParts(options)];
  const recipients = [...new Set([...accepted, forwarder])].map((name) => `${name}=accepted`);
  return [
    ["inet_interfaces", "all", "The host is the domain's mail exchanger: bounces and replies come here."],
    ["mydestination", "$mydomain, $myhostname, localhost", "Mail to these names is for this host."],
    ["recipient_delimiter", "+", "bounces+anything is bounces, so that each message can have its own."],
    ["local_recipient_maps", inlineTable(recipients), "Nobody else exists here: no mail for system users."],
    ["alias_maps", inlineTable(aliases(accepted, legalForward(options))), "Where accepted mail goes."],
    ["mailbox_size_limit", "536870912", "512 MiB of kept mail, then senders have to wait."],
  ];
}

const smtpServer: readonly Setting[] = [
  [
    "smtpd_helo_restrictions",
    "permit_mynetworks, reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname",
    "Clients say a name that could be true.",
  ],
  [
    "smtpd_sender_restrictions",
    "permit_mynetworks, reject_non_fqdn_sender, reject_unknown_sender_domain",
    "No mail from domains to which no answer could go.",
  ],
  [
    "smtpd_milter_maps",
    "cidr:{ { !127.0.0.0/8 DISABLE } }",
    "What comes from outside is not signed, and comes in without OpenDKIM.",
  ],
];

/**
 * aliases(5): all accepted mail ends at postmaster, which is the bounce address or the mailbox.
 * Forwarded mail gets `owner-postmaster` as its sender: so it passes SPF at its destination, and when it is refused
 * there, nothing bounces to whoever a spammer claimed to be.
 */
function aliases(accepted: readonly string[], bounceAddress: string | undefined): string[] {
  const destination = bounceAddress ?? mailboxUser;
  // The mailbox's user is no alias, or mail to it would go round in a circle.
  const ends = ["postmaster", forwarder, destination];
  const others = [...new Set([...accepted, "root"])].filter((name) => !ends.includes(name));
  return [
    ...others.map((name) => `${name}=postmaster`),
    `postmaster=${destination}`,
    `${forwarder}=/dev/null`,
  ];
}

function acceptedLocalParts({ acceptedAddresses = [], domain }: PostfixOptions): string[] {
  return acceptedAddresses.map((address) => {
    const at = address.lastIndexOf("@");
    const fault =
      forwardFault(address) ??
      (address.slice(at + 1).toLowerCase() === domain ? undefined : `is not of the domain ${domain}`);
    if (fault !== undefined) throw new RangeError(`the accepted address "${address}" ${fault}`);
    return address.slice(0, at).toLowerCase();
  });
}

function legalForward({ bounceAddress, domain, helo }: PostfixOptions): string | undefined {
  if (bounceAddress === undefined) return undefined;
  const forwardDomain = bounceAddress.slice(bounceAddress.lastIndexOf("@") + 1).toLowerCase();
  const fault =
    forwardFault(bounceAddress) ??
    // Forwarded to itself, mail would be refused as to an unknown user, and the refusal dropped.
    ([domain, helo].includes(forwardDomain)
      ? `is at ${forwardDomain}, whose mail comes to this host`
      : undefined);
  if (fault !== undefined) throw new RangeError(`the bounce address "${bounceAddress}" ${fault}`);
  return bounceAddress;
}

/** A lookup table written inside main.cf (DATABASE_README), so that no file has to be compiled. */
function inlineTable(entries: readonly string[]): string {
  return `inline:{ ${entries.join(", ")} }`;
}
