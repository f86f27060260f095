import { createServer as createHttpsServer } from "node:https";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { decode, encode, type Answer } from "dns-packet";
import { SMTPServer } from "smtp-server";
import { respond, type Transport } from "../../local/dns/respond.ts";
import { serveDns, type DnsServer } from "../../local/dns/server.ts";
import type { ResourceRecord } from "../../local/dns/record.ts";
import { indexZones, type Zones } from "../../local/dns/zone.ts";
import { selfSigned } from "../../local/receiver/certificate.ts";
import { dkimRecord } from "../../mail/dkim.ts";
import type { Sender } from "../../mail/judge.ts";
import type { ReportRuleId } from "../../verify/check.ts";
import { connectingTo, type Endpoint } from "../../verify/endpoint.ts";
import { findingsIn, type Report, type ReportedFinding } from "../../verify/report.ts";
import { standingOf } from "../../verify/report/words.ts";
import type { Subject } from "../../verify/subject.ts";
import { verify, type VerifyOptions } from "../../verify/verify.ts";
import { publicKey } from "../mail/judge-good-sender.ts";

// A sender about which everything agrees, with its DNS and its mail and web servers on loopback. Tests change one thing.

export const helo = "okmail.example.com";
export const address = "192.0.2.10";
const webAddress = "192.0.2.80";
const nameServer = "203.0.113.53";

const key = publicKey();
export const certificate = selfSigned(helo);
const webCertificate = selfSigned("mta-sts.example.com");

export const goodSender = {
  addresses: [address],
  helo,
  mailFrom: "example.com",
  selectors: [{ selector: "s1", publicKey: key }],
} as const satisfies Sender;

export const goodSubject: Subject = { domain: "example.com", senders: [goodSender], declared: [] };

export const policyText = `version: STSv1\nmode: enforce\nmx: ${helo}\nmax_age: 604800\n`;

/** Whatever else is connected to is refused, on loopback. */
export const nowhere = () => ({ address: "127.0.0.1", port: 1 });

/** Records by owner and type; the text of a record as in a zone file. */
export type Records = Readonly<Record<string, readonly string[] | undefined>>;

export const goodRecords = {
  "example.com MX": [`10 ${helo}`],
  "example.com TXT": [`v=spf1 ip4:${address} -all`],
  "example.com CAA": ['0 issue "letsencrypt.org"'],
  [`${helo} A`]: [address],
  [`${helo} TXT`]: [`v=spf1 ip4:${address} -all`],
  "10.2.0.192.in-addr.arpa PTR": [helo],
  "s1._domainkey.example.com TXT": [dkimRecord(key)],
  "_dmarc.example.com TXT": ["v=DMARC1; p=reject; rua=mailto:dmarc@example.com"],
  "_mta-sts.example.com TXT": ["v=STSv1; id=20261124;"],
  "mta-sts.example.com A": [webAddress],
  "_smtp._tls.example.com TXT": ["v=TLSRPTv1; rua=mailto:tls@example.com"],
} satisfies Records;

const ttl = 300;
const origins = ["example.com", "example.org", "2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"];

/** Zones with these records; each record goes into the zone that its owner lies in. */
export function zonesOf(records: Records, more: readonly string[] = []): Zones {
  const parsed = Object.entries(records).flatMap(([question, texts]) => {
    const [name = "", type = ""] = question.split(" ");
    return (texts ?? []).map((text) => recordOf(name, type, text));
  });
  const all = [...origins, ...more];
  const lies = (name: string, origin: string) => name === origin || name.endsWith(`.${origin}`);
  const inZone = (origin: string) =>
    parsed.filter(({ name }) => {
      const closest = all
        .filter((one) => lies(name, one))
        .toSorted((one, other) => other.length - one.length)[0];
      return closest === origin;
    });
  return indexZones([
    ...all.map((origin) => ({ origin, records: inZone(origin) })),
    { origin: "okmail.internal", records: [recordOf("ns.okmail.internal", "A", nameServer)] },
  ]);
}

function recordOf(name: string, type: string, text: string): ResourceRecord {
  const [first = "", second = ""] = text.split(" ");
  switch (type) {
    case "MX":
      return { name, type, ttl, data: { preference: Number(first), exchange: second } };
    case "TXT":
      return { name, type, ttl, data: (text.match(/[^]{1,255}/g) ?? [""]).map((part) => Buffer.from(part)) };
    case "CAA": {
      const [, value = ""] = /"(.*)"/.exec(text) ?? [];
      return { name, type, ttl, data: { flags: Number(first), tag: second, value } as never };
    }
    default:
      return { name, type: type as "A", ttl, data: text };
  }
}

/** What a test's name server does to a reply, or in place of it. */
export type Twist = (
  reply: Buffer | undefined,
  asked: { readonly name: string; readonly type: string; readonly message: Buffer },
  transport: Transport,
) => Buffer | undefined | Promise<Buffer>;

/** A name server on loopback over real UDP and TCP. `asked` holds the questions in the order of arrival. */
export async function startDns(
  zones: Zones | (() => Zones),
  twist: Twist = (reply) => reply,
): Promise<DnsServer & { readonly asked: string[] }> {
  const asked: string[] = [];
  const server = await serveDns((message, transport) => {
    const current = typeof zones === "function" ? zones() : zones;
    const [question] = decode(message).questions ?? [];
    const name = (question?.name ?? "").toLowerCase();
    asked.push(`${question?.type ?? ""} ${name}`);
    return twist(
      respond(current, message, transport),
      { name, type: question?.type ?? "", message },
      transport,
    );
  });
  return { ...server, asked };
}

/** A reply of a resolver that has validated: the AD bit is set (RFC 6840 5.8). */
export function authentic(reply: Buffer | undefined): Buffer | undefined {
  if (reply === undefined) return undefined;
  const marked = Buffer.from(reply);
  marked.writeUInt8(marked.readUInt8(3) | 0x20, 3);
  return marked;
}

/** A reply with records of types that the local DNS does not hold. */
export function replyWith(message: Buffer, answers: Answer[], flags = 0): Buffer {
  const { id, questions = [] } = decode(message);
  return encode({ type: "response", id: id ?? 0, flags: 0x400 | flags, questions, answers });
}

/** Ends what a test has started, in reverse. */
export class World {
  readonly #running: (() => unknown)[] = [];

  /** To be closed with the others. */
  own<T extends { close(): unknown }>(part: T): T {
    this.#running.push(() => part.close());
    return part;
  }

  async close(): Promise<void> {
    for (const close of this.#running.splice(0).reverse()) await close();
  }

  /** @param more zones beyond the usual */
  async dns(
    records: Records,
    twist?: Twist,
    more?: readonly string[],
  ): Promise<DnsServer & { readonly asked: string[] }> {
    return this.own(await startDns(zonesOf(records, more), twist));
  }

  /** A mail server that takes mail for example.com and relays nothing. */
  async mailServer(options: ConstructorParameters<typeof SMTPServer>[0] = {}): Promise<Endpoint> {
    const server = new SMTPServer({
      name: helo,
      ...certificate,
      authOptional: true,
      disableReverseLookup: true,
      closeTimeout: 50,
      heloResponse: "%s greets you",
      onRcptTo: ({ address: to }, _, done) =>
        to.endsWith("@example.com")
          ? done()
          : done(Object.assign(new Error("Relay access denied"), { responseCode: 554 })),
      ...options,
    });
    server.on("error", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server.server, "listening");
    this.own({ close: () => server.close() });
    return endpointOf(server.server);
  }

  /** A server of one's own making: what it does with each connection. */
  async tcpServer(serve: (socket: Socket) => void): Promise<Endpoint> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined);
      serve(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.own({
      close: () => {
        server.close();
        for (const socket of sockets) socket.destroy();
      },
    });
    return endpointOf(server);
  }

  async webServer(
    text: string,
    headers: Readonly<Record<string, string>> = {},
    status = 200,
  ): Promise<Endpoint> {
    const server = createHttpsServer(webCertificate, (request, response) => {
      const known = request.url === "/.well-known/mta-sts.txt";
      response.writeHead(known ? status : 404, { "content-type": "text/plain", ...headers }).end(text);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.own({
      close: () => {
        server.close();
        server.closeAllConnections();
      },
    });
    return endpointOf(server);
  }

  /** Verifies the good sender in a world that differs from the good one in what is given. */
  async verify(changes: WorldChanges = {}): Promise<Report> {
    const records = { ...goodRecords, ...changes.records };
    const dns = changes.authority ?? (await this.dns(records, changes.twist));
    const resolvers = changes.resolvers ?? [dns];
    const mail = changes.mail ?? (await this.mailServer());
    const web = changes.web ?? (await this.webServer(policyText));
    return verify(changes.subject ?? goodSubject, {
      resolvers: resolvers.map(({ address: at, port }, index) => ({
        address: at,
        port,
        name: `resolver ${index + 1}`,
      })),
      reach: connectingTo(
        [
          [{ address: nameServer, port: 53 }, dns],
          [{ address, port: 25 }, mail],
          [{ address: webAddress, port: 443 }, web],
        ],
        nowhere,
      ),
      authorities: [certificate.cert, webCertificate.cert],
      dnsTimeout: 400,
      smtpLimits: { step: 500 },
      httpsTimeout: 500,
      ...changes.options,
    });
  }
}

export interface WorldChanges {
  readonly records?: Records;
  readonly twist?: Twist;
  /** The zones' own server. @default one with the good records and `records` */
  readonly authority?: DnsServer;
  /** @default the zones' own server */
  readonly resolvers?: readonly Endpoint[];
  readonly mail?: Endpoint;
  readonly web?: Endpoint;
  readonly subject?: Subject;
  readonly options?: Partial<VerifyOptions>;
}

function endpointOf(server: Server): Endpoint {
  const { address: at, port } = server.address() as AddressInfo;
  return { address: at, port };
}

/** All findings that are not agreements: `ptr-matches-helo refused`. */
export function complaints(report: Report): string[] {
  return findingsIn(report)
    .map((one) => `${one.rule} ${standingOf(one)}`)
    .filter((text) => !text.endsWith(" good"));
}

export function findingsOf(report: Report, rule: ReportRuleId): ReportedFinding[] {
  return findingsIn(report).filter((one) => one.rule === rule);
}
