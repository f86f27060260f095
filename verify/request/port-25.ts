import { isIPv4 } from "node:net";
import { lookUp, type Resolver } from "../../mail/resolver.ts";
import { normalizeName } from "../../mail/host-name.ts";
import type { Reach } from "../endpoint.ts";
import type { SentHelo } from "../probe.ts";
import { replyText, SmtpConnection, SmtpFault, type SmtpLimits } from "../smtp/connection.ts";
import type { Subject } from "../subject.ts";

/** Whether port 25 lets mail through, in one direction of one machine. */
export interface Proof {
  /** "out": connections that the host makes; "in": those that come to it. */
  readonly direction: "out" | "in";
  /** The host's name; "this machine" where it is none of the hosts. */
  readonly host: string;
  readonly address: string | null;
  readonly outcome: "open" | "closed" | "unknown";
  /** What happened, a sentence. */
  readonly text: string;
  /** What to do, a sentence; null where nothing is to be done. */
  readonly fix: string | null;
}

export interface ProveOptions {
  readonly resolver: Resolver;
  readonly reach: Reach;
  /** The domain whose mail exchanger is connected to. */
  readonly to: string;
  /** Addresses of the machine that this runs on. */
  readonly ownAddresses: ReadonlySet<string>;
  /** What came to the probe; undefined: nobody listened. */
  readonly heard?: readonly SentHelo[] | undefined;
  readonly limits?: SmtpLimits | undefined;
}

const smtpPort = 25;
/** Exchangers that are tried, one after another. */
const mostExchangers = 3;

const awsLimit =
  "That is how AWS limits port 25: send the request, and wait for the answer. Look at outbound rules of the security group, too.";

/**
 * Connects out to a mail exchanger and in to the hosts, and says what that proves. No command but QUIT is sent.
 * What leaves this machine says nothing of another one: of that only a connection that comes from it does.
 */
export async function provePort25({ domain, senders }: Subject, options: ProveOptions): Promise<Proof[]> {
  const { ownAddresses, heard, resolver } = options;
  const hosts = senders.flatMap(({ helo, addresses }) =>
    addresses.filter((address) => isIPv4(address)).map((address) => ({ host: normalizeName(helo), address })),
  );
  const here = await outOfHere(options);
  const isHere = ({ address }: { address: string }) => ownAddresses.has(address);
  const out = hosts.map((one): Proof => {
    if (isHere(one)) return { ...here, ...one };
    if (heard?.some(({ address }) => address === one.address) === true)
      return {
        ...one,
        direction: "out",
        outcome: "open",
        text: `${one.host} came from ${one.address} to the probe here.`,
        fix: null,
      };
    return elsewhere(one, heard !== undefined);
  });
  const exchangers = await lookUp(resolver, domain, "MX");
  const named = new Set(
    exchangers.kind === "found" ? exchangers.answers.map(({ exchange }) => normalizeName(exchange)) : [],
  );
  const inbound = hosts
    .filter(({ host }) => named.has(host))
    .map((one) =>
      isHere(one) ? Promise.resolve(fromItself(one)) : into(one, here.outcome === "open", options),
    );
  return [...(hosts.some(isHere) ? [] : [here]), ...out, ...(await Promise.all(inbound))];
}

type Host = Pick<Proof, "host"> & { readonly address: string };

async function outOfHere({ resolver, reach, to, limits }: ProveOptions): Promise<Proof> {
  const proof = (outcome: Proof["outcome"], text: string, fix: string | null): Proof => ({
    direction: "out",
    host: "this machine",
    address: null,
    outcome,
    text,
    fix,
  });
  const targets = await exchangersOf(to, resolver);
  if (typeof targets === "string")
    return proof("unknown", targets, "Name another domain that takes mail: --to DOMAIN.");
  let last: Proof | undefined;
  for (const { name, address } of targets) {
    const where = `${name} (${address})`;
    const said = await bannerOf(reach(address, smtpPort), limits);
    if (!(said instanceof SmtpFault))
      // Whatever it says: a refusal has come through port 25, too.
      return proof("open", `${where} answers on port 25: ${said}.`, null);
    const { stage, kind, message } = said;
    if (stage !== "connect")
      last = proof(
        "unknown",
        `${where} took the connection to port 25, and then it ${message}.`,
        `Something between may have taken it in its place. Name another domain: --to DOMAIN.`,
      );
    else if (kind === "refused")
      last = proof(
        "closed",
        `The connection to port 25 of ${where} ${message}.`,
        "AWS drops connections and refuses none: look at the firewall of this machine and of its network.",
      );
    else last = proof("closed", `Port 25 of ${where} ${message}.`, awsLimit);
  }
  return (
    last ??
    proof("unknown", `No mail exchanger of ${to} has an IPv4 address.`, "Name another domain: --to DOMAIN.")
  );
}

async function into(
  { host, address }: Host,
  outIsOpen: boolean,
  { reach, limits }: ProveOptions,
): Promise<Proof> {
  const proof = (outcome: Proof["outcome"], text: string, fix: string | null): Proof => ({
    direction: "in",
    host,
    address,
    outcome,
    text,
    fix,
  });
  const said = await bannerOf(reach(address, smtpPort), limits);
  const where = `${host} (${address})`;
  if (!(said instanceof SmtpFault))
    return said.startsWith("220")
      ? proof("open", `${where} answers on port 25: ${said}.`, null)
      : proof("open", `${where} answers on port 25, and turns us away: ${said}.`, "Look at its mail log.");
  const { stage, kind, message } = said;
  if (stage !== "connect")
    return proof(
      "unknown",
      `${where} took the connection to port 25, and then it ${message}.`,
      "Look at its mail log.",
    );
  if (kind === "refused")
    return proof(
      "closed",
      `The connection to port 25 of ${where} ${message}.`,
      "Start its mail server: on the host, sudo okmail status says more.",
    );
  const fix = `Open port 25 of ${host} to all: its security group, and its own firewall.`;
  return outIsOpen
    ? proof("closed", `Port 25 of ${where} ${message}.`, fix)
    : proof(
        "unknown",
        `Port 25 of ${where} ${message}; but from this machine port 25 leads nowhere.`,
        "Ask from a network where outbound port 25 is open.",
      );
}

function elsewhere(one: Host, probed: boolean): Proof {
  return {
    ...one,
    direction: "out",
    outcome: "unknown",
    text: probed
      ? `Nothing came from ${one.host} (${one.address}) to the probe here.`
      : `This machine is not ${one.host} (${one.address}), so what gets out of here says nothing of it.`,
    fix: probed
      ? `Send a message from ${one.host} to the probe while it listens. ${awsLimit}`
      : "On the host, sudo okmail status connects out; or have it send a message here: --probe :25.",
  };
}

function fromItself(one: Host): Proof {
  return {
    ...one,
    direction: "in",
    outcome: "unknown",
    text: `This machine is ${one.host} itself, which can't see whether others reach it.`,
    fix: "Ask from another machine, where outbound port 25 is open.",
  };
}

/** The first reply of a mail server, after which we leave. */
async function bannerOf(
  endpoint: { readonly address: string; readonly port: number },
  limits: SmtpLimits | undefined,
): Promise<string | SmtpFault> {
  let connection: SmtpConnection | undefined;
  try {
    connection = await SmtpConnection.open(endpoint, limits);
    return replyText(await connection.reply("banner"));
  } catch (error) {
    if (error instanceof SmtpFault) return error;
    throw error;
  } finally {
    connection?.close();
  }
}

/** The first exchangers with an IPv4 address each, or why there are none: a sentence. The domain itself where it has no MX (RFC 5321 5.1). */
async function exchangersOf(
  domain: string,
  resolver: Resolver,
): Promise<readonly { readonly name: string; readonly address: string }[] | string> {
  const lookup = await lookUp(resolver, domain, "MX");
  if (lookup.kind === "unknown") return `The mail exchangers of ${domain} are not known: ${lookup.why}.`;
  const names =
    lookup.kind === "absent"
      ? [domain]
      : lookup.answers
          .toSorted((one, other) => one.priority - other.priority)
          .map(({ exchange }) => normalizeName(exchange));
  if (names.every((name) => name === "")) return `${domain} takes no mail: it has a null MX.`;
  const found = await Promise.all(
    names.slice(0, mostExchangers).map(async (name) => {
      const addresses = await lookUp(resolver, name, "A");
      return addresses.kind === "found"
        ? addresses.answers.slice(0, 1).map((address) => ({ name, address }))
        : [];
    }),
  );
  return found.flat();
}
