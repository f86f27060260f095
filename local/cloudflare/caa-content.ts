/** What a CAA record can say (RFC 8659 4.2 to 4.4). */
export const CAA_TAGS = ["issue", "issuewild", "iodef"] as const;

/** The parts of a CAA record (RFC 8659 4.1). Cloudflare takes them in `data` only, and gives them back in `content`. */
export interface CaaParts {
  readonly flags: number;
  readonly tag: (typeof CAA_TAGS)[number];
  readonly value: string;
}

const CONTENT = /^(\d+) (\w+) "(.*)"$/;

/** `0 issue "ca.example"`; "" where a part is missing. */
export function caaContent({ flags, tag, value }: Partial<CaaParts>): string {
  return flags === undefined || tag === undefined || value === undefined ? "" : `${flags} ${tag} "${value}"`;
}

/** The parts of such a content, undefined if it is none. */
export function caaParts(content: string): CaaParts | undefined {
  const [, flags, word, value = ""] = CONTENT.exec(content) ?? [];
  const tag = CAA_TAGS.find((known) => known === word);
  return tag === undefined ? undefined : { flags: Number(flags), tag, value };
}
