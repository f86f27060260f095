/** The parts of a TLSA record (RFC 6698 2.1). Cloudflare takes them in `data` only, and gives them back in `content`. */
export interface TlsaParts {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  /** Hexadecimal; Cloudflare writes it in capitals. */
  readonly certificate: string;
}

const CONTENT = /^(\d+) (\d+) (\d+) ([0-9A-F]*)$/;

/** `3 1 1 0B9F…`; "" where a part is missing. */
export function tlsaContent({ usage, selector, matchingType, certificate }: Partial<TlsaParts>): string {
  const parts = [usage, selector, matchingType, certificate?.toUpperCase()];
  return parts.includes(undefined) ? "" : parts.join(" ");
}

/** The parts of such a content, undefined if it is none. */
export function tlsaParts(content: string): TlsaParts | undefined {
  const [, usage, selector, matchingType, certificate] = CONTENT.exec(content) ?? [];
  return certificate === undefined
    ? undefined
    : { usage: Number(usage), selector: Number(selector), matchingType: Number(matchingType), certificate };
}
