import { generateKeyPairSync } from "node:crypto";
import { dkimRecord } from "../../mail/dkim.ts";
import type { Finding, RuleId } from "../../mail/finding.ts";
import { judge, type JudgeOptions, type Sender } from "../../mail/judge.ts";
import { dnsZone, type Failure, type Zone, type ZoneName } from "../helpers/dns-zone.ts";

/** A fresh RSA or Ed25519 public key in PEM. */
export function publicKey(bits = 2048, type: "rsa" | "ed25519" = "rsa"): string {
  const { publicKey } =
    type === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("rsa", { modulusLength: bits });
  return publicKey.export({ type: "spki", format: "pem" }).toString();
}

const key = publicKey();

/** A host about which everything agrees. Tests change one thing of it or of its zone. */
export const goodSender = {
  name: "okmail",
  addresses: ["192.0.2.10"],
  helo: "okmail.example.com",
  mailFrom: "example.com",
  selectors: [{ selector: "s1", publicKey: key }],
  ownAddresses: ["192.0.2.10", "192.0.2.20"],
} as const satisfies Sender;

export const goodZone = {
  "example.com": {
    MX: [{ exchange: "okmail.example.com", priority: 10 }],
    TXT: ["v=spf1 ip4:192.0.2.10 -all", "some-site-verification=1"],
  },
  "okmail.example.com": { A: ["192.0.2.10"], TXT: ["v=spf1 ip4:192.0.2.10 -all"] },
  "10.2.0.192.in-addr.arpa": { PTR: ["okmail.example.com"] },
  "s1._domainkey.example.com": { TXT: [dkimRecord(key)] },
  "_dmarc.example.com": { TXT: ["v=DMARC1; p=reject; rua=mailto:dmarc@example.com"] },
} as const satisfies Zone;

/** The good zone with some names' records replaced, or left out where `undefined`. */
export function zoneWith(changes: Readonly<Record<string, ZoneName | Failure | undefined>>): Zone {
  const merged: Record<string, ZoneName | Failure | undefined> = { ...goodZone, ...changes };
  const names: [string, ZoneName | Failure][] = [];
  for (const [name, records] of Object.entries(merged)) {
    if (records !== undefined) names.push([name, records]);
  }
  return Object.fromEntries(names);
}

/** The good zone with some types' records of one name replaced. */
export function zoneAt(name: keyof typeof goodZone, changes: ZoneName): Zone {
  return zoneWith({ [name]: { ...goodZone[name], ...changes } });
}

/** One rule's findings. */
export function findingsOf(
  rule: RuleId,
  zone: Zone = goodZone,
  sender: Partial<Sender> = {},
  options: JudgeOptions = {},
): Promise<Finding[]> {
  return judge({ ...goodSender, ...sender }, dnsZone(zone), { ...options, only: [rule] });
}

/**
 * What the judge says against a sender, by all rules or one: `ptr-matches-helo disagrees`, with `remark` for
 * disagreements that are advisory. Empty when all agrees.
 */
export async function objections(
  zone: Zone = goodZone,
  sender: Partial<Sender> = {},
  options: JudgeOptions = {},
): Promise<string[]> {
  const findings = await judge({ ...goodSender, ...sender }, dnsZone(zone), options);
  return findings.filter(({ outcome }) => outcome !== "agrees").map(objection);
}

function objection({ rule, outcome, severity }: Finding): string {
  return `${rule} ${outcome === "disagrees" && severity === "advisory" ? "remark" : outcome}`;
}
