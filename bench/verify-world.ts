import type { ResourceRecord } from "../local/dns/record.ts";
import { blocklistZone } from "../local/dns/blocklist.ts";
import { indexZones, type Zones } from "../local/dns/zone.ts";
import { chooseLists, type Blocklist } from "../mail/blocklists.ts";
import { dkimRecord } from "../mail/dkim.ts";
import { reverseName } from "../mail/host-name.ts";
import type { Sender } from "../mail/judge.ts";
import type { Subject } from "../verify/subject.ts";
import { publicKey, selector } from "./stack.ts";

/** Milliseconds from a question to its answer. */
export const latency = 20;

export const domain = "example.com";
const service = "mail-service.example.net";
const reports = "reports.example.org";
const ttl = 300;

const addressLists = 36;
const domainLists = 4;

/** The lists that are asked: 40, none of which has anything but its test entries. */
export const lists: readonly Blocklist[] = Array.from({ length: addressLists + domainLists }, (_, index) =>
  chooseLists([`list${index}.test`]).map((list): Blocklist =>
    index < addressLists ? list : { ...list, lists: "domains" },
  ),
).flat();

/** The first so many hosts of the domain. */
export function subjectOf(count: number): Subject {
  const senders = Array.from({ length: count }, (_, index) => senderAt(index));
  return { domain, senders, declared: [] };
}

function senderAt(index: number): Sender {
  return {
    addresses: [addressAt(index)],
    helo: heloAt(index),
    mailFrom: domain,
    selectors: [{ selector }],
    ownAddresses,
  };
}

const mostHosts = 100;
const addressAt = (index: number) => `192.0.2.${index + 1}`;
const heloAt = (index: number) => (index === 0 ? `okmail.${domain}` : `okmail${index + 1}.${domain}`);
const ownAddresses = Array.from({ length: mostHosts }, (_, index) => addressAt(index));

/** A domain with 100 hosts, part of whose mail a service sends that has SPF records of its own, and the lists. */
export function zones(): Zones {
  const hosts = ownAddresses.flatMap((address, index) => [
    record(heloAt(index), "A", address),
    text(heloAt(index), `v=spf1 ip4:${address} -all`),
  ]);
  const key = dkimRecord(publicKey);
  return indexZones([
    {
      origin: domain,
      records: [
        ...hosts,
        ...[0, 1].map((index) => exchanger(domain, 10 * (index + 1), heloAt(index))),
        text(domain, `v=spf1 ip4:192.0.2.0/24 include:spf.${service} -all`),
        text(`${selector}._domainkey.${domain}`, key),
        text(`_dmarc.${domain}`, `v=DMARC1; p=reject; rua=mailto:dmarc@${reports}`),
        text(`_smtp._tls.${domain}`, `v=TLSRPTv1; rua=mailto:tls@${domain}`),
      ],
    },
    {
      origin: "2.0.192.in-addr.arpa",
      records: ownAddresses.map((address, index) => record(reverseName(address), "PTR", heloAt(index))),
    },
    {
      origin: service,
      records: [
        text(
          `spf.${service}`,
          `v=spf1 ${["a", "b", "c"].map((part) => `include:${part}.spf.${service}`).join(" ")} ~all`,
        ),
        ...["a", "b", "c"].map((part, index) =>
          text(`${part}.spf.${service}`, `v=spf1 ip4:198.51.100.${64 * index}/26 ~all`),
        ),
      ],
    },
    {
      origin: reports,
      records: [
        exchanger(reports, 10, `mx.${reports}`),
        record(`mx.${reports}`, "A", "203.0.113.9"),
        text(`${domain}._report._dmarc.${reports}`, "v=DMARC1"),
      ],
    },
    { origin: "okmail.internal", records: [record("ns.okmail.internal", "A", "203.0.113.53")] },
    ...lists.map(({ zone, lists: kind }) =>
      kind === "addresses"
        ? blocklistZone(zone, [])
        : { origin: zone, records: [record(`test.${zone}`, "A", "127.0.0.2")] },
    ),
  ]);
}

function record(name: string, type: "A" | "PTR", data: string): ResourceRecord {
  return { name, type, ttl, data };
}

function text(name: string, content: string): ResourceRecord {
  return {
    name,
    type: "TXT",
    ttl,
    data: (content.match(/.{1,255}/g) ?? []).map((part) => Buffer.from(part)),
  };
}

function exchanger(name: string, preference: number, exchange: string): ResourceRecord {
  return { name, type: "MX", ttl, data: { preference, exchange } };
}
