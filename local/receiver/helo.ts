import { isIP } from "node:net";

/** What kind of name a client gave in HELO or EHLO. */
export type HeloKind =
  /** A host name of two labels or more. */
  | "qualified"
  /** A single label, or an address without brackets, which no name is. */
  | "unqualified"
  /** An address in brackets (RFC 5321 section 4.1.3). */
  | "literal"
  /** Neither a host name nor an address. */
  | "invalid";

/** Labels of letters, digits, hyphens and, as Postfix bears with them, underscores; none starts or ends with a hyphen. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** Tells the kind of a HELO name. A final dot is none of SMTP's (RFC 5321 section 4.1.2), and Postfix finds no such host. */
export function heloKind(helo: string): HeloKind {
  if (/^\[.*\]$/.test(helo))
    return isIP(helo.slice(1, -1).replace(/^ipv6:/i, "")) === 0 ? "invalid" : "literal";
  if (isIP(helo) !== 0) return "unqualified";
  const labels = helo.split(".");
  if (helo.length > 253 || !labels.every((label) => LABEL.test(label))) return "invalid";
  return labels.length < 2 ? "unqualified" : "qualified";
}
