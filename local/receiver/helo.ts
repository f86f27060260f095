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

/** Tells the kind of a HELO name; one final dot is put up with. */
export function heloKind(helo: string): HeloKind {
  if (/^\[.*\]$/.test(helo))
    return isIP(helo.slice(1, -1).replace(/^ipv6:/i, "")) === 0 ? "invalid" : "literal";
  const name = helo.replace(/\.$/, "");
  if (isIP(name) !== 0) return "unqualified";
  const labels = name.split(".");
  if (name.length > 253 || !labels.every((label) => LABEL.test(label))) return "invalid";
  return labels.length < 2 ? "unqualified" : "qualified";
}
