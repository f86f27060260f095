import { createHash } from "node:crypto";
import { hostNameFault } from "./host-name.ts";

/** What senders do when they can't reach a mail exchanger under TLS with a certificate of its name (RFC 8461 5). */
export type MtaStsMode = "testing" | "enforce" | "none";

/** The domain's policy on TLS for mail that comes to it (RFC 8461 3.2). */
export interface MtaStsPolicy {
  /** `enforce`: they don't deliver. `testing`: they deliver and report. `none`: there is no policy any more. */
  readonly mode: MtaStsMode;
  /** Names of the mail exchangers, or `*.example.com` for all one label below a name. */
  readonly mx: readonly string[];
  /** Seconds that senders keep the policy, 1 to 31,557,600 (a year). */
  readonly maxAge: number;
}

/** Longest life of a policy in seconds (RFC 8461 3.2). */
export const longestMaxAge = 31_557_600;

/** Digits of the policy's digest in the record's id, which has at most 32 letters and digits (RFC 8461 3.1). */
const idDigits = 20;

/**
 * The policy's text, to be served as text/plain at `mtaStsPolicyUrl`.
 * @throws RangeError if the policy names no mail exchanger though it has to, one is no host name, or its life is too long
 */
export function mtaStsPolicyText({ mode, mx, maxAge }: MtaStsPolicy): string {
  if (mode !== "none" && mx.length === 0)
    throw new RangeError(`an MTA-STS policy of mode ${mode} needs the names of the mail exchangers`);
  for (const name of mx) {
    const fault = hostNameFault(name.replace(/^\*\./, ""));
    if (fault !== undefined) throw new RangeError(`the mail exchanger "${name}" ${fault}`);
  }
  if (!Number.isInteger(maxAge) || maxAge < 1 || maxAge > longestMaxAge)
    throw new RangeError(`an MTA-STS policy lives 1 to ${longestMaxAge} seconds, not ${maxAge}`);
  return [
    "version: STSv1",
    `mode: ${mode}`,
    ...mx.map((name) => `mx: ${name}`),
    `max_age: ${maxAge}`,
    "",
  ].join("\n");
}

/**
 * The text of the TXT record at `_mta-sts.DOMAIN` (RFC 8461 3.1): `v=STSv1; id=…;`. Senders fetch the policy anew when
 * the id changes, so it is made of the policy's text and of nothing else.
 * @throws RangeError as `mtaStsPolicyText`
 */
export function mtaStsRecord(policy: MtaStsPolicy): string {
  const digest = createHash("sha256").update(mtaStsPolicyText(policy)).digest("hex");
  return `v=STSv1; id=${digest.slice(0, idDigits)};`;
}

/** Where senders fetch a domain's policy, over HTTPS with a certificate of that name (RFC 8461 3.3). */
export function mtaStsPolicyUrl(domain: string): string {
  return `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
}
