/** What values must look like, in the words of the real provider's validators. */
import ipaddr from "ipaddr.js";

/** One of a list of words. */
export function oneOf(...words: readonly string[]): (value: string) => string | undefined {
  return (value) =>
    words.includes(value)
      ? undefined
      : `expected ${JSON.stringify(value)} to be one of ${JSON.stringify(words)}`;
}

/** A whole number from `least` to `most`. */
export function between(least: number, most: number): (value: number) => string | undefined {
  return (value) =>
    Number.isInteger(value) && value >= least && value <= most
      ? undefined
      : `expected a whole number in the range (${least} - ${most}), got ${value}`;
}

/** A text of `least` to `most` characters. */
export function length(least: number, most: number): (value: string) => string | undefined {
  return (value) =>
    value.length >= least && value.length <= most
      ? undefined
      : `expected a length in the range (${least} - ${most}), got ${value.length} characters`;
}

/** A text that matches `pattern`, else `reason`. */
export function matches(pattern: RegExp, reason: string): (value: string) => string | undefined {
  return (value) => (pattern.test(value) ? undefined : reason);
}

/** The first reason of several formats. */
export function all<T>(
  ...formats: readonly ((value: T) => string | undefined)[]
): (value: T) => string | undefined {
  return (value) => formats.map((format) => format(value)).find((reason) => reason !== undefined);
}

/** An IPv4 address in dotted decimal, without leading zeros. */
export function ipv4(value: string): string | undefined {
  return ipaddr.IPv4.isValidFourPartDecimal(value)
    ? undefined
    : `expected a valid IPv4 address, got: ${value}`;
}

/** An IPv4 network: no bits set behind the prefix. */
export function ipv4Network(value: string): string | undefined {
  return isNetwork(value, "ipv4")
    ? undefined
    : `${JSON.stringify(value)} is not a valid IPv4 network in CIDR notation`;
}

/** An IPv6 network: no bits set behind the prefix. */
export function ipv6Network(value: string): string | undefined {
  return isNetwork(value, "ipv6")
    ? undefined
    : `${JSON.stringify(value)} is not a valid IPv6 network in CIDR notation`;
}

/** An Amazon Resource Name: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`. */
export function isArn(value: string): string | undefined {
  return /^arn:[^:]+:[^:]+:[^:]*:(?:\d{12}|aws)?:.+$/.test(value)
    ? undefined
    : `(${value}) is an invalid ARN`;
}

/** A JSON object in a text. */
export function jsonObject(value: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? undefined
      : "contains an invalid JSON policy: not a JSON object";
  } catch (error) {
    return `contains an invalid JSON policy: ${(error as Error).message}`;
  }
}

function isNetwork(value: string, kind: "ipv4" | "ipv6"): boolean {
  if (!ipaddr.isValidCIDR(value)) return false;
  const [address, prefix] = ipaddr.parseCIDR(value);
  if (address.kind() !== kind) return false;
  const network =
    kind === "ipv4" ? ipaddr.IPv4.networkAddressFromCIDR(value) : ipaddr.IPv6.networkAddressFromCIDR(value);
  return network.toString() === address.toString() && value.endsWith(`/${prefix}`);
}
