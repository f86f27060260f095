import type { DkimSelector, Sender } from "../mail/judge.ts";
import type { SymbolTable } from "../mail/symbol.ts";
import { AddressBook, type StaticAddress } from "./address-book.ts";
import { ExitAddresses, type Exit } from "./exit-addresses.ts";
import type { Plan } from "./plan.ts";
import type { Eip, Instance } from "./planned-resource.ts";
import { isUnknown, known, type Value } from "./property.ts";
import { identityOf, isTagged, type SenderIdentity } from "./sender-identity.ts";
import { notesOn, type AddNote, type SenderNote } from "./sender-note.ts";
import { readUserData, type HostConfiguration } from "./user-data.ts";
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

export interface FoundSenders {
  readonly senders: readonly HostSender[];
  /** All hosts on which user data configures Postfix. */
  readonly hosts: readonly PostfixHost[];
  readonly notes: readonly SenderNote[];
}

/**
 * The hosts of a plan that send mail: instances whose user data configures Postfix, or that carry the tag `mail:helo`.
 * What they say, see `identityOf`; where they send from, see `ExitAddresses`, else what the tag `mail:address` lists, for
 * Elastic IPs that the plan doesn't manage.
 *
 * @param zones the plan's records by name. It is told the senders' domains, by which zones may be named that nothing else
 * names, so `plannedZone` should get the same.
 */
export function findSenders(plan: Plan, symbols: SymbolTable, zones = new ZoneIndex(plan)): FoundSenders {
  const notes: SenderNote[] = [];
  const hosts: PostfixHost[] = [];
  const identified: Identified[] = [];
  for (const instance of plan.instances) {
    const note = notesOn(instance, notes);
    const configuration = configurationOf(instance);
    if (configuration.postfix) hosts.push({ name: instance.name, urn: instance.urn, configuration });
    noteUnseen(instance, configuration, note);
    if (!configuration.postfix && !isTagged(instance)) continue;
    const identity = identityOf(instance, configuration, note);
    if (identity !== undefined) identified.push({ instance, configuration, note, ...identity });
  }
  zones.assumeSenders(identified.map(({ mailFrom }) => mailFrom));
  const book = new AddressBook(plan, symbols, zones);
  const exits = new ExitAddresses(plan, book);
  const located = identified.map((host) => ({ ...host, ...locate(host, exits, book) }));
  const planned = Array.from(plan.eips, (eip) => book.ofEip(eip));
  const ownAddresses = [...new Set([...planned, ...located.flatMap(({ addresses }) => addresses)])];
  const senders = located.map(({ instance, helo, mailFrom, configuration, addresses, eips }) => ({
    name: instance.name,
    urn: instance.urn,
    addresses,
    helo,
    mailFrom,
    selectors: selectorsOf(configuration),
    ownAddresses,
    eips,
    configuration,
  }));
  return { senders, hosts, notes };
}

interface Identified extends SenderIdentity {
  readonly instance: Instance;
  readonly configuration: HostConfiguration;
  readonly note: AddNote;
}

function configurationOf({ userData, userDataBase64 }: Instance): HostConfiguration {
  return readUserData(known(userData), known(userDataBase64));
}

/** Tells of user data that can't be seen, where it is a mail host's or may be. */
function noteUnseen(instance: Instance, { postfix, notes }: HostConfiguration, note: AddNote): void {
  const fix = "If it configures Postfix, give the instance the tags mail:helo and mail:domain.";
  const { userData, userDataBase64 } = instance;
  const seen = known(userData) ?? known(userDataBase64);
  if (seen === undefined && (isUnknown(userData) || isUnknown(userDataBase64))) {
    if (!isTagged(instance))
      note("user-data-unknown", "Its user data is not known before it is created.", fix);
  } else if (postfix || isTagged(instance)) {
    for (const text of notes) note("user-data", `${text.charAt(0).toUpperCase()}${text.slice(1)}.`, fix);
  }
}

function locate({ instance, configuration, note }: Identified, exits: ExitAddresses, book: AddressBook) {
  const bind = configuration.parameter("smtp_bind_address");
  const exit = exits.of(instance, bind.kind === "set" ? bind.value : undefined);
  const tag = instance.tag("mail:address");
  const complete = exit.addresses.length > 0 && exit.unknown.length === 0;
  if (tag === undefined) noteMissing(exit, note);
  if (exit.by === "elastic IP" && exits.behindNat(instance)) {
    note(
      "nat-beside-elastic-ip",
      "It has an Elastic IP, but its subnet's default route leads through a NAT gateway: mail leaves by the gateway.",
      "Put the instance into a subnet whose default route leads to an internet gateway.",
    );
  }
  const found = complete ? exit.addresses : [...exit.addresses, ...taggedAddresses(tag, book)];
  return {
    addresses: [...new Set(found.map(({ address }) => address))],
    eips: [...new Set(found.flatMap(({ eip }) => eip ?? []))],
  };
}

/** What the tag lists; while it isn't known, the one Elastic IP that it derives from. */
function taggedAddresses(tag: Value<string>, book: AddressBook): StaticAddress[] {
  if (isUnknown(tag)) {
    const [eip, ...others] = book.behind(tag.dependsOn).eips;
    return eip === undefined || others.length > 0 ? [] : [{ address: book.ofEip(eip), eip }];
  }
  const words = (tag ?? "").split(/[\s,]+/).filter((word) => word !== "");
  return words.map((address) => book.ofAddress(address));
}

function noteMissing({ by, unknown }: Exit, note: AddNote): void {
  if (unknown.length > 0) {
    note(
      "address-undetermined",
      `The address behind ${unknown.join(" and ")} can't be told from the plan, for its Elastic IP is not managed here.`,
      "Give the instance the tag mail:address with the address.",
    );
  }
  if (by === "nothing static") {
    note(
      "no-static-address",
      "It sends mail but has no Elastic IP and no NAT gateway: its public address changes, and can have no PTR of its own.",
      "Associate an Elastic IP with the instance; if another stack does, give it the tag mail:address.",
    );
  }
}

function selectorsOf({ signingKeys }: HostConfiguration): DkimSelector[] {
  return signingKeys.map(({ selector, domain }) => ({ selector, domain }));
}
