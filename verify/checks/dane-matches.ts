import { createHash, X509Certificate } from "node:crypto";
import type { TlsaData } from "dns-packet";
import { normalizeName } from "../../mail/host-name.ts";
import { agrees, disagrees, remarks, undetermined, type Statement } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";
import { serverText, type Facts, type MailServer } from "../facts.ts";

export const daneMatches: Check = {
  id: "dane-matches",
  title: "TLSA records are those of the certificate",
  severity: "mandatory",
  description:
    "Where a mail exchanger has TLSA records that are signed, the certificate that it shows matches one of them: senders that " +
    "follow DANE deliver nothing otherwise. TLSA records without DNSSEC are ignored by everybody. None at all is fine where " +
    "the stack declares none.",
  sources: ["RFC 7672 2.2", "RFC 7672 3.1"],
  ofDomain: async (facts) => {
    const servers = await facts.servers();
    return (await Promise.all(servers.map((server) => agreement(server, facts)))).flat();
  },
};

/** Octets of a certificate, or of its key alone, by how a TLSA record selects (RFC 6698 2.1.2). */
const selections = [
  (certificate: X509Certificate) => certificate.raw,
  (certificate: X509Certificate) => certificate.publicKey.export({ type: "spki", format: "der" }),
];
/** RFC 6698 2.1.3 */
const matchings = [
  (octets: Buffer) => octets,
  (octets: Buffer) => createHash("sha256").update(octets).digest(),
  (octets: Buffer) => createHash("sha512").update(octets).digest(),
];
/** Usages that SMTP knows (RFC 7672 3.1.3). */
const trustAnchor = 2;
const endEntity = 3;

async function agreement(server: MailServer, { panel, declared }: Facts): Promise<Statement[]> {
  const owner = `_25._tcp.${server.name}`;
  const heard = await panel.askAuthentic({ name: owner, type: "TLSA" });
  const { address } = server;
  if (heard?.said.kind === "absent") return missing(owner, declared).map((each) => ({ ...each, address }));
  if (heard?.said.kind !== "found")
    return [
      undetermined({ why: `the DNS look-up of ${owner} TLSA failed`, undetermined: false }, { address }),
    ];
  const records = heard.said.records.flatMap((record) => (record.type === "TLSA" ? [record.data] : []));
  const found = records.map(tlsaText).join(", ");
  if (heard.reply?.authentic !== true)
    return [
      remarks(`${owner} has TLSA records that no resolver could validate, so senders ignore them.`, {
        address,
        found,
        fix: `Sign the zone of ${server.name} with DNSSEC, and give its DS record to the registrar, or remove the TLSA records.`,
        source: "RFC 7672 2.2.1",
      }),
    ];
  const chain = server.visit.encryption?.chain.map((der) => new X509Certificate(der));
  const [own] = chain ?? [];
  if (chain === undefined || own === undefined)
    return [
      undetermined(
        { why: `${serverText(server)} showed no certificate to compare with ${owner}`, undetermined: false },
        {
          address,
          found,
          fix: `See starttls-works; senders that follow DANE deliver nothing without encryption.`,
        },
      ),
    ];
  const matched = records.some((record) => matches(record, chain));
  const wanted = `3 1 1 ${createHash("sha256")
    .update(own.publicKey.export({ type: "spki", format: "der" }))
    .digest("hex")}`;
  return [
    matched
      ? agrees(`The certificate of ${serverText(server)} is one of the TLSA records at ${owner}.`, {
          address,
          found,
        })
      : disagrees(`The certificate of ${serverText(server)} matches no TLSA record at ${owner}.`, {
          address,
          expected: wanted,
          found,
          fix: `Publish the TLSA record ${owner} ${wanted}, and keep the key when the certificate is renewed.`,
        }),
  ];
}

/** What is promised and isn't there: senders deliver, and nothing tells them of the key. */
function missing(owner: string, declared: Facts["declared"]): Statement[] {
  const wanted = declared.filter(({ name, type }) => type === "TLSA" && normalizeName(name) === owner);
  const expected = wanted.map(({ content }) => content.toLowerCase()).join(", ");
  return wanted.length === 0
    ? []
    : [
        remarks(`The stack declares TLSA records at ${owner}, and the DNS has none.`, {
          expected,
          fix: `Run pulumi up --refresh, and see that the name servers of ${owner} are those of the zone that the stack writes to.`,
        }),
      ];
}

function matches(
  { usage, selector, matchingType, certificate }: TlsaData,
  chain: readonly X509Certificate[],
): boolean {
  const select = selections[selector];
  const digest = matchings[matchingType];
  if (select === undefined || digest === undefined) return false;
  const candidates = usage === endEntity ? chain.slice(0, 1) : usage === trustAnchor ? chain : [];
  return candidates.some((one) => digest(select(one)).equals(certificate));
}

function tlsaText({ usage, selector, matchingType, certificate }: TlsaData): string {
  return `${usage} ${selector} ${matchingType} ${certificate.toString("hex")}`;
}
