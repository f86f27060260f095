import { createPublicKey } from "node:crypto";
import * as z from "zod";
import { parseDkimRecord } from "../mail/dkim.ts";
import type { DkimSelector, Sender } from "../mail/judge.ts";
import { normalizeName } from "../mail/host-name.ts";
import { joinTxt } from "../mail/txt.ts";

/** A record as a stack's outputs tell of it: content as in a zone file, an MX with its preference. */
export interface DeclaredRecord {
  readonly name: string;
  readonly type: string;
  readonly content: string;
}

/** What is verified: the senders of one domain, and what is known of them beyond their names. */
export interface Subject {
  readonly domain: string;
  readonly senders: readonly Sender[];
  /** Empty where no stack declares any. */
  readonly declared: readonly DeclaredRecord[];
}

const outputs = z.object({
  domain: z.string(),
  hosts: z.array(z.object({ helo: z.string(), address: z.string() })).min(1),
  records: z
    .array(z.object({ name: z.string(), type: z.string(), content: z.string().optional() }))
    .default([]),
});

/**
 * The senders of a stack, from its outputs (`pulumi stack output --json`): `domain`, `hosts` and `records`. The DKIM keys in
 * use are those that the stack declares.
 * @throws RangeError if they are not the outputs of such a stack
 */
export function subjectOfOutputs(value: unknown): Subject {
  const read = outputs.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    const where = issue?.path.join(".") ?? "";
    throw new RangeError(
      `the outputs are not those of an okmail stack: ${where === "" ? "" : `"${where}": `}${issue?.message ?? ""}; ` +
        "they need domain, hosts and records, as pulumi stack output --json writes them",
    );
  }
  const { hosts, records } = read.data;
  const domain = normalizeName(read.data.domain);
  // CAA has data in place of content.
  const declared = records.flatMap(({ name, type, content }) =>
    content === undefined ? [] : [{ name, type, content }],
  );
  const selectors = declared.flatMap((record) => declaredKey(record, domain));
  const ownAddresses = hosts.map(({ address }) => address);
  return {
    domain,
    declared,
    senders: hosts.map(({ helo, address }) => ({
      addresses: [address],
      helo,
      mailFrom: domain,
      selectors,
      ownAddresses,
    })),
  };
}

const keyOwner = "._domainkey.";

function declaredKey({ name, type, content }: DeclaredRecord, domain: string): DkimSelector[] {
  const owner = normalizeName(name);
  if (type !== "TXT" || !owner.endsWith(`${keyOwner}${domain}`)) return [];
  const selector = owner.slice(0, -`${keyOwner}${domain}`.length);
  const key = parseDkimRecord(joinTxt(content));
  // What is declared and can't be read is looked at as it is published.
  if ("fault" in key || key.revoked) return [{ selector }];
  return [{ selector, publicKey: pemOf(key.keyType, key.publicKey) }];
}

function pemOf(keyType: "rsa" | "ed25519", publicKey: string): string {
  const octets = Buffer.from(publicKey, "base64");
  const key =
    keyType === "rsa"
      ? createPublicKey({ key: octets, format: "der", type: "spki" })
      : createPublicKey({
          key: { kty: "OKP", crv: "Ed25519", x: octets.toString("base64url") },
          format: "jwk",
        });
  return key.export({ type: "spki", format: "pem" }).toString();
}
