import { parse } from "tldts";
import { normalizeName } from "../mail/host-name.ts";
import type { Instance } from "./planned-resource.ts";
import { known } from "./property.ts";
import type { AddNote } from "./sender-note.ts";
import type { HostConfiguration, Setting } from "./user-data.ts";

/** Who a host says it is. */
export interface SenderIdentity {
  readonly helo: string;
  /** The domain of MAIL FROM. */
  readonly mailFrom: string;
}

/** Whether the tag that makes an instance a sender is there. */
export function isTagged({ tag }: Instance): boolean {
  return tag("mail:helo") !== undefined;
}

/**
 * HELO and MAIL FROM of a host that delivers mail itself; undefined if it doesn't, or if its HELO name can't be known.
 * - HELO is `smtp_helo_name`, else `myhostname`, else the host's own fully qualified name, else the tag `mail:helo`.
 *   Where a setting that counts can't be known, the tag counts.
 * - MAIL FROM is of the domain in the tag `mail:domain`, else of HELO's parent domain.
 */
export function identityOf(
  instance: Instance,
  configuration: HostConfiguration,
  note: AddNote,
): SenderIdentity | undefined {
  const relay = relayOf(configuration);
  if (relay !== undefined) {
    note(
      "relays",
      `It hands its mail to ${relay}, which says HELO to receivers in its place.`,
      "Judge that relay where it is declared.",
    );
    return undefined;
  }
  const helo = heloOf(instance, configuration, note);
  if (helo === undefined) {
    note(
      "helo-undetermined",
      "What it says in HELO can't be known from the plan.",
      "Give the instance the tag mail:helo with the name, or write smtp_helo_name into its user data.",
    );
    return undefined;
  }
  const domain = textOf(instance, "mail:domain");
  return { helo, mailFrom: domain ?? parentDomain(normalizeName(helo)) };
}

function heloOf(instance: Instance, configuration: HostConfiguration, note: AddNote): string | undefined {
  const tag = textOf(instance, "mail:helo");
  const { parameter, hostName } = configuration;
  const said = firstSet(parameter("smtp_helo_name"), parameter("myhostname"), qualified(hostName));
  if (said.kind !== "set" || said.value === "") return tag;
  // With its final dot, if it has one: Postfix says it, and it makes a difference.
  const helo = said.value.toLowerCase();
  if (tag !== undefined && tag !== normalizeName(helo)) {
    note(
      "tag-differs",
      `The tag mail:helo says ${tag}, but Postfix says ${helo} in HELO.`,
      `Set the tag to ${helo}, or smtp_helo_name to ${tag}.`,
    );
  }
  return helo;
}

/** The first that is set, unless one before it may be. */
function firstSet(...settings: readonly Setting[]): Setting {
  return settings.find(({ kind }) => kind !== "unset") ?? { kind: "unset" };
}

/** One label alone is not what Postfix says: it adds a domain that only the host knows. */
function qualified(hostName: Setting): Setting {
  return hostName.kind === "set" && !hostName.value.includes(".") ? { kind: "undetermined" } : hostName;
}

/** Where Postfix hands all mail; undefined if it delivers to the receivers itself, or if that can't be known. */
function relayOf({ parameter }: HostConfiguration): string | undefined {
  const relayhost = parameter("relayhost");
  if (relayhost.kind === "set" && relayhost.value !== "") return relayhost.value;
  const transport = parameter("default_transport");
  // `smtp:[relay.example.net]:587`; or a transport that delivers nothing elsewhere.
  const written = transport.kind === "set" ? transport.value.trim() : "";
  const [, name, hop] = /^(\w[\w-]*)(?::(.*))?$/s.exec(written) ?? [];
  if (name === undefined) return undefined;
  if (["error", "retry", "discard", "local", "virtual"].includes(name)) return `the transport ${name}`;
  return hop === undefined || hop === "" ? undefined : hop;
}

/** HELO without its first label; HELO itself where that would be a public suffix. */
function parentDomain(helo: string): string {
  const parent = helo.replace(/^[^.]*\./, "");
  const domain = parse(parent, { validateHostname: false }).domain;
  return parent !== helo && domain !== null ? parent : helo;
}

/** A tag that is known and says something, as a name. */
function textOf({ tag }: Instance, name: string): string | undefined {
  const text = known(tag(name))?.trim();
  return text === undefined || text === "" ? undefined : normalizeName(text);
}
