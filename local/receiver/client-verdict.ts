import type { ClientFacts } from "./client-facts.ts";
import { canonicalName } from "../dns/name.ts";
import { reply, type Reply } from "./reply.ts";
import type { SpfCheck } from "./spf.ts";

/**
 * The reply to a client that a strict receiver turns away, undefined to one that it lets in. The tests run in the order
 * of the list and the first that fails decides; wording and codes are those of a Postfix set up for it, with RFC 7372
 * (5.7.23 SPF fail, 5.7.24 SPF error, 5.7.25 reverse DNS) and RFC 7505 (5.7.27 null MX).
 */
export function judgeClient(facts: ClientFacts): Reply | undefined {
  for (const test of TESTS) {
    const verdict = test(facts);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

const TESTS: readonly ((facts: ClientFacts) => Reply | undefined)[] = [
  addressHasConfirmedName,
  addressIsNotListed,
  heloIsQualified,
  heloResolves,
  heloIsTheClientsName,
  senderDomainTakesMail,
  ({ spfHelo, address }) => spfPermits(spfHelo, address, "helo"),
  ({ spfMailFrom, address }) => spfMailFrom && spfPermits(spfMailFrom, address, "mailfrom"),
];

function addressHasConfirmedName({ address, iprev }: ClientFacts): Reply | undefined {
  if (iprev.result === "pass") return undefined;
  const text = `Client host rejected: cannot find your hostname, [${address}]`;
  if (iprev.result === "temperror") return reply(450, "4.7.25", text);
  const why =
    iprev.names.length === 0
      ? "no PTR record"
      : iprev.names
          .map(({ name, addresses }) => `PTR ${name} has ${addresses.join(", ") || "no address"}`)
          .join("; ");
  return reply(550, "5.7.25", `${text} (${why})`);
}

function addressIsNotListed({ address, blocklists }: ClientFacts): Reply | undefined {
  const listed = blocklists.find(({ result }) => result === "listed");
  if (listed !== undefined) {
    const { zone, reason } = listed;
    const text = `Service unavailable; Client host [${address}] blocked using ${zone}`;
    return reply(554, "5.7.1", reason === undefined ? text : `${text}; ${reason}`);
  }
  const silent = blocklists.find(({ result }) => result === "temperror");
  return silent && reply(451, "4.7.1", `Client host [${address}] can't be looked up in ${silent.zone}`);
}

function heloIsQualified({ helo, heloKind }: ClientFacts): Reply | undefined {
  if (heloKind === "invalid") return reply(501, "5.5.2", `<${helo}>: Helo command rejected: Invalid name`);
  if (heloKind === "unqualified")
    return reply(504, "5.5.2", `<${helo}>: Helo command rejected: need fully-qualified hostname`);
  return undefined;
}

function heloResolves({ helo, heloKind, heloStatus }: ClientFacts): Reply | undefined {
  if (heloKind === "literal" || heloStatus === "present") return undefined;
  const text = `<${helo}>: Helo command rejected: Host not found`;
  return heloStatus === "failed" ? reply(450, "4.7.1", text) : reply(550, "5.7.1", text);
}

function heloIsTheClientsName({ helo, iprev }: ClientFacts): Reply | undefined {
  const names = iprev.names.filter(({ confirmed }) => confirmed).map(({ name }) => name);
  if (names.includes(canonicalName(helo))) return undefined;
  return reply(
    550,
    "5.7.25",
    `<${helo}>: Helo command rejected: not this client's name (${names.join(", ")})`,
  );
}

function senderDomainTakesMail({ mailFrom, senderDomain }: ClientFacts): Reply | undefined {
  if (senderDomain === undefined) return undefined;
  const sender = `<${mailFrom}>: Sender address rejected`;
  if (senderDomain.nullMx)
    return reply(550, "5.7.27", `${sender}: Domain ${senderDomain.name} does not accept mail (nullMX)`);
  if (senderDomain.status === "present") return undefined;
  return senderDomain.status === "failed"
    ? reply(450, "4.1.8", `${sender}: Domain not found`)
    : reply(550, "5.1.8", `${sender}: Domain not found`);
}

function spfPermits(check: SpfCheck, address: string, scope: "helo" | "mailfrom"): Reply | undefined {
  const about = `${scope}=${check.identity}; client=${address}`;
  const rejected = "Message rejected due to: SPF";
  switch (check.result) {
    case "fail":
      return reply(550, "5.7.23", `${rejected} fail - not authorized. ${about}; term=${check.term ?? ""}`);
    case "permerror":
      return reply(550, "5.7.24", `${rejected} permanent error. ${about}; ${check.comment ?? ""}`);
    case "temperror":
      return reply(451, "4.4.3", `${rejected} temporary error. ${about}; ${check.comment ?? ""}`);
    default:
      return undefined;
  }
}
