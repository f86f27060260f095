import { isIPv4 } from "node:net";
import { canonicalName } from "../dns/name.ts";
import { checkBlocklist, type BlocklistResult } from "./blocklist.ts";
import { heloKind, type HeloKind } from "./helo.ts";
import { checkIprev, type Iprev } from "./iprev.ts";
import { lookUp, presence, valuesOf, type Resolve } from "./lookup.ts";
import { checkSpf, type SpfCheck } from "./spf.ts";

/** Who speaks to us and for whom. */
export interface Client {
  readonly address: string;
  readonly helo: string;
  /** MAIL FROM in ASCII; "" for the null reverse-path. */
  readonly mailFrom: string;
}

/** What can be had of a sender's domain. */
export interface SenderDomain {
  readonly name: string;
  /** Hosts of its MX records, preferred ones first. */
  readonly exchangers: readonly string[];
  /** Whether it has an MX or an address (RFC 5321 section 5.1). */
  readonly status: "present" | "absent" | "failed";
  /** Whether it says that it takes no mail (RFC 7505), and so no bounce. Like Postfix we believe it, whatever else it says. */
  readonly nullMx: boolean;
}

/** All that a receiver can find out about a client before it has the message. */
export interface ClientFacts extends Client {
  readonly iprev: Iprev;
  readonly blocklists: readonly BlocklistResult[];
  readonly heloKind: HeloKind;
  /** Whether the HELO name has an address or an MX. */
  readonly heloStatus: "present" | "absent" | "failed";
  readonly heloAddresses: readonly string[];
  /** Undefined for the null reverse-path. */
  readonly senderDomain?: SenderDomain;
  readonly spfHelo: SpfCheck;
  /** Undefined for the null reverse-path, whose SPF identity is the HELO name. */
  readonly spfMailFrom?: SpfCheck;
}

/** Looks up everything at once; judging comes after. */
export async function gatherFacts(
  resolve: Resolve,
  client: Client,
  blocklistZones: readonly string[],
): Promise<ClientFacts> {
  const { address, mailFrom } = client;
  const helo = canonicalName(client.helo);
  const [iprev, blocklists, heloA, heloAaaa, heloMx, senderDomain, spfHelo, spfMailFrom] = await Promise.all([
    checkIprev(resolve, address),
    Promise.all(blocklistZones.map((zone) => checkBlocklist(resolve, address, zone))),
    lookUp(resolve, helo, "A"),
    lookUp(resolve, helo, "AAAA"),
    lookUp(resolve, helo, "MX"),
    mailFrom === "" ? undefined : lookUpSenderDomain(resolve, mailFrom.slice(mailFrom.lastIndexOf("@") + 1)),
    checkSpf(resolve, { address, helo }),
    mailFrom === "" ? undefined : checkSpf(resolve, { address, helo, sender: mailFrom }),
  ]);
  return {
    ...client,
    iprev,
    blocklists,
    heloKind: heloKind(client.helo),
    heloStatus: presence(heloA, heloAaaa, heloMx),
    heloAddresses: valuesOf(isIPv4(address) ? heloA : heloAaaa),
    ...(senderDomain && { senderDomain }),
    spfHelo,
    ...(spfMailFrom && { spfMailFrom }),
  };
}

async function lookUpSenderDomain(resolve: Resolve, domain: string): Promise<SenderDomain> {
  const name = canonicalName(domain);
  const [mx, a, aaaa] = await Promise.all([
    lookUp(resolve, name, "MX"),
    lookUp(resolve, name, "A"),
    lookUp(resolve, name, "AAAA"),
  ]);
  const byPreference = valuesOf(mx).toSorted((one, other) => one.priority - other.priority);
  const exchangers = byPreference.map(({ exchange }) => canonicalName(exchange));
  const nullMx = exchangers.includes("");
  return { name, exchangers, status: presence(mx, a, aaaa), nullMx };
}
