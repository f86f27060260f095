import { parse } from "tldts";
import { normalizeName } from "../mail/host-name.ts";
import type { DkimSelector, Sender } from "../mail/judge.ts";
import type { SymbolTable } from "../mail/symbol.ts";
import { AddressBook } from "./address-book.ts";
import { ExitAddresses, type Exit } from "./exit-addresses.ts";
import type { Plan } from "./plan.ts";
import type { Eip, Instance } from "./planned-resource.ts";
import { isUnknown, known } from "./property.ts";
import { readUserData, type HostConfiguration, type Setting } from "./user-data.ts";
import { ZoneIndex } from "./zone-index.ts";

/** A host that sends mail, as the judge wants it, and where it comes from. */
export interface HostSender extends Sender {
  /** The instance's logical name. */
  readonly name: string;
  /** The instance's URN. */
  readonly urn: string;
  /** The Elastic IPs of the plan that it sends from. */
  readonly eips: readonly Eip[];
  readonly configuration: HostConfiguration;
}

/** An instance with a sign of mail, whether or not it delivers itself. */
export interface PostfixHost {
  readonly name: string;
  readonly urn: string;
  readonly configuration: HostConfiguration;
}

/** Something about a host that keeps it from being judged, or that its owner should know. */
export interface SenderNote {
  readonly kind:
    /** What it says in HELO can't be known. It is no sender then. */
    | "helo-undetermined"
    /** It has no Elastic IP and no NAT gateway with one: its address changes and can have no PTR. */
    | "no-static-address"
    /** An adopted Elastic IP whose address the plan doesn't tell. */
    | "address-undetermined"
    /** An Elastic IP on a host whose subnet routes through a NAT gateway. */
    | "nat-beside-elastic-ip"
    /** It hands all mail to a relay, and so says HELO to no receiver. It is no sender then. */
    | "relays"
    /** The tag mail:helo and Postfix disagree; Postfix counts. */
    | "tag-differs"
    /** Part of the user data was not followed. */
    | "user-data";
  /** The instance's logical name. */
  readonly host: string;
  readonly urn: string;
  /** A sentence. */
  readonly message: string;
  /** A sentence. */
  readonly fix: string;
}

export interface FoundSenders {
  readonly senders: readonly HostSender[];
  /** All hosts on which user data configures Postfix. */
  readonly hosts: readonly PostfixHost[];
  readonly notes: readonly SenderNote[];
}

/**
 * The hosts of a plan that send mail: instances whose user data configures Postfix, or that carry the tag `mail:helo`.
 *
 * - HELO is `smtp_helo_name`, else `myhostname`, else the host's own name, else the tag; where Postfix's settings can't
 *   be known, the tag counts.
 * - MAIL FROM is of the domain in the tag `mail:domain`, else of HELO's parent domain.
 * - The addresses are those of `ExitAddresses`; else what the tag `mail:address` lists, for Elastic IPs that another
 *   stack attaches.
 *
 * @param zones the plan's records; told the senders' domains, by which zones may be named that nothing else names
 */
export function findSenders(plan: Plan, symbols: SymbolTable, zones = new ZoneIndex(plan)): FoundSenders {
  const notes: SenderNote[] = [];
  const hosts: PostfixHost[] = [];
  const identified: Identified[] = [];
  for (const instance of plan.instances) {
    const configuration = configurationOf(instance);
    const tagged = known(instance.tag("mail:helo")) !== undefined || isUnknown(instance.tag("mail:helo"));
    if (configuration.postfix) hosts.push({ name: instance.name, urn: instance.urn, configuration });
    else if (!tagged) continue;
    const found = identify(instance, configuration, notes);
    if (found !== undefined) identified.push(found);
  }
  zones.assumeSenders(identified.map(({ mailFrom }) => mailFrom));
  const book = new AddressBook(plan, symbols, zones);
  const exits = new ExitAddresses(plan, book);
  const located = identified.map((host) => ({ ...host, ...locate(host, exits, book, notes) }));
  const ownAddresses = [
    ...new Set([
      ...Array.from(plan.eips, (eip) => book.ofEip(eip)),
      ...located.flatMap((host) => host.addresses),
    ]),
  ];
  return {
    senders: located.map(({ instance, helo, mailFrom, configuration, addresses, eips }) => ({
      name: instance.name,
      urn: instance.urn,
      addresses,
      helo,
      mailFrom,
      selectors: selectorsOf(configuration),
      ownAddresses,
      eips,
      configuration,
    })),
    hosts,
    notes,
  };
}

interface Identified {
  readonly instance: Instance;
  readonly configuration: HostConfiguration;
  readonly helo: string;
  readonly mailFrom: string;
}

function configurationOf({ userData, userDataBase64 }: Instance): HostConfiguration {
  const configuration = readUserData(known(userData), known(userDataBase64));
  if (!isUnknown(userData) && !isUnknown(userDataBase64)) return configuration;
  return { ...configuration, notes: ["the user data is not known before it is created"] };
}

/** HELO and MAIL FROM of a host that delivers mail itself. */
function identify(
  instance: Instance,
  configuration: HostConfiguration,
  notes: SenderNote[],
): Identified | undefined {
  const note = noteOn(instance, notes);
  for (const text of configuration.notes)
    note(
      "user-data",
      `${capitalized(text)}.`,
      "If it configures Postfix, give the instance the tags mail:helo and mail:domain.",
    );
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
  const domain = known(instance.tag("mail:domain"));
  return {
    instance,
    configuration,
    helo,
    mailFrom: domain === undefined ? parentDomain(helo) : normalizeName(domain),
  };
}

type AddNote = (kind: SenderNote["kind"], message: string, fix: string) => void;

function noteOn({ name, urn }: Instance, notes: SenderNote[]): AddNote {
  return (kind, message, fix) => notes.push({ kind, host: name, urn, message, fix });
}

function heloOf(instance: Instance, configuration: HostConfiguration, note: AddNote): string | undefined {
  const tag = known(instance.tag("mail:helo"));
  const tagged = tag === undefined || tag === "" ? undefined : normalizeName(tag);
  const said = firstSet(
    configuration.parameter("smtp_helo_name"),
    configuration.parameter("myhostname"),
    configuration.postfix ? configuration.hostName : { kind: "unset" },
  );
  if (said.kind !== "set" || said.value === "") return tagged;
  const helo = normalizeName(said.value);
  if (tagged !== undefined && tagged !== helo)
    note(
      "tag-differs",
      `The tag mail:helo says ${tagged}, but Postfix says ${helo} in HELO.`,
      `Set the tag to ${helo}, or smtp_helo_name to ${tagged}.`,
    );
  return helo;
}

/** The first that is set; what comes before it must not be undetermined. */
function firstSet(...settings: readonly Setting[]): Setting {
  return settings.find(({ kind }) => kind !== "unset") ?? { kind: "unset" };
}

/** Where Postfix hands all mail, undefined if it delivers to the receivers itself, or if that can't be known. */
function relayOf({ parameter }: HostConfiguration): string | undefined {
  const relayhost = parameter("relayhost");
  if (relayhost.kind === "set" && relayhost.value !== "") return relayhost.value;
  const transport = parameter("default_transport");
  // `smtp:[relay.example.net]:587`; or a transport that delivers nothing elsewhere.
  const [, name, hop] =
    /^(\w[\w-]*)(?::(.*))?$/s.exec(transport.kind === "set" ? transport.value.trim() : "") ?? [];
  if (name === undefined) return undefined;
  if (["error", "retry", "discard", "local", "virtual"].includes(name)) return `the transport ${name}`;
  return hop === undefined || hop === "" ? undefined : hop;
}

/** HELO without its first label; HELO itself where that would be a public suffix. */
function parentDomain(helo: string): string {
  const parent = helo.replace(/^[^.]*\./, "");
  return parent !== helo && parse(parent, { validateHostname: false }).domain !== null ? parent : helo;
}

function locate(
  { instance, configuration }: Identified,
  exits: ExitAddresses,
  book: AddressBook,
  notes: SenderNote[],
) {
  const note = noteOn(instance, notes);
  const bind = configuration.parameter("smtp_bind_address");
  const exit: Exit = exits.of(instance, bind.kind === "set" ? bind.value : undefined);
  const tagged =
    known(instance.tag("mail:address"))
      ?.split(/[\s,]+/)
      .filter((address) => address !== "") ?? [];
  const found =
    exit.addresses.length > 0 && exit.unknown.length === 0
      ? exit.addresses
      : [...exit.addresses, ...tagged.map((address) => book.ofAddress(address))];
  if (exit.unknown.length > 0 && tagged.length === 0)
    note(
      "address-undetermined",
      `The address behind ${exit.unknown.join(" and ")} can't be told from the plan: its Elastic IP is not managed here.`,
      "Give the instance the tag mail:address with the address.",
    );
  if (exit.by === "nothing static" && tagged.length === 0)
    note(
      "no-static-address",
      "It sends mail but has no Elastic IP and no NAT gateway: its public address changes, and can have no PTR of its own.",
      "Associate an Elastic IP with the instance; if another stack does, give it the tag mail:address.",
    );
  if (exit.by === "elastic IP" && exits.behindNat(instance))
    note(
      "nat-beside-elastic-ip",
      "It has an Elastic IP, but its subnet's default route leads through a NAT gateway: mail leaves by the gateway's address.",
      "Put the instance into a subnet whose default route leads to an internet gateway.",
    );
  return {
    addresses: [...new Set(found.map(({ address }) => address))],
    eips: [...new Set(found.flatMap(({ eip }) => eip ?? []))],
  };
}

function selectorsOf({ signingKeys }: HostConfiguration): DkimSelector[] {
  return signingKeys.map(({ selector, domain }) => ({ selector, domain }));
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
