import { isIPv4 } from "node:net";
import { lately } from "./lately.ts";

export type SpfQualifier = "+" | "-" | "~" | "?";

const mechanisms = ["all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"] as const;
export type SpfMechanism = (typeof mechanisms)[number];

/** A mechanism of an SPF record (RFC 7208 4.6.1), or its redirect modifier. */
export interface SpfTerm {
  /** As written: `-all`, `ip4:192.0.2.0/24`. */
  readonly text: string;
  /** "+" where none is written, and for redirect. */
  readonly qualifier: SpfQualifier;
  readonly kind: SpfMechanism | "redirect";
  /** The domain, network or address after the colon or equals sign, without prefix lengths; "" where there is none. */
  readonly value: string;
  /** The prefix length of an ip4 or ip6 network, for a and mx the one for IPv4; undefined where none is written. */
  readonly prefix: number | undefined;
}

/** Whether a TXT record is an SPF record (RFC 7208 4.5), well or badly formed. */
export function isSpfRecord(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

/**
 * The mechanisms and redirect of an SPF record in order of evaluation: redirect last, nothing after `all`. For looking
 * at a record, not for judging it: what is no term is passed over; `checkSpf` judges.
 */
export const spfTerms = lately((record: string): readonly SpfTerm[] => {
  const terms = record
    .split(" ")
    .slice(1)
    .map(readTerm)
    .filter((term) => term !== undefined);
  const directives = terms.filter(({ kind }) => kind !== "redirect");
  const all = directives.findIndex(({ kind }) => kind === "all");
  // RFC 7208 5.1 and 6.1: mechanisms after "all" are ignored, and so is a redirect beside it.
  if (all >= 0) return directives.slice(0, all + 1);
  return [...directives, ...terms.filter(({ kind }) => kind === "redirect")];
});

/** Whether evaluating `term` asks the DNS, which RFC 7208 4.6.4 limits to ten. */
export function costsLookup({ kind }: SpfTerm): boolean {
  return kind !== "all" && kind !== "ip4" && kind !== "ip6";
}

/**
 * The record with other addresses in its ip4 terms. `replace` gets the address of each that names a proper part of all
 * addresses, and returns what to have instead; a replaced network becomes a single address. Terms that are no valid
 * ip4 term stay, and so do those that name every address (`/0`): the result is as valid or invalid as the record.
 */
export function replaceNetworks(record: string, replace: (address: string) => string): string {
  return record.replace(
    /((?:^| )[-+~?]?ip4:)([\d.]+)(?:\/(?:[1-9]|[12]\d|3[0-2]))?(?= |$)/gi,
    (term, start: string, address: string) => {
      const other = isIPv4(address) ? replace(address) : address;
      return other === address ? term : `${start}${other}`;
    },
  );
}

/** `~mx:example.com/28` -> ~, mx, example.com, 28. Names keep their case: macro letters have one. */
function readTerm(text: string): SpfTerm | undefined {
  const redirect = /^redirect=(.+)$/i.exec(text);
  if (redirect?.[1] !== undefined) {
    return { text, qualifier: "+", kind: "redirect", value: redirect[1], prefix: undefined };
  }
  const [, qualifier = "", name = "", rest = ""] = /^([-+~?]?)([a-z0-9]+)(.*)$/i.exec(text) ?? [];
  const kind = mechanisms.find((mechanism) => mechanism === name.toLowerCase());
  if (kind === undefined) return undefined;
  // Only these have prefix lengths; the domain of exists may well contain a slash.
  const [, value, prefix] = ["a", "mx", "ip4", "ip6"].includes(kind)
    ? (/^(?::(.*?))?(?:\/(\d{1,3}))?(?:\/\/\d{1,3})?$/.exec(rest) ?? [])
    : (/^(?::(.+))?$/.exec(rest) ?? []);
  return {
    text,
    qualifier: qualifier === "" ? "+" : (qualifier as SpfQualifier),
    kind,
    value: value ?? "",
    prefix: prefix === undefined ? undefined : Number(prefix),
  };
}
