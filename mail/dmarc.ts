import { mailtoUri } from "./mailto-uri.ts";
import { readTagList } from "./tag-list.ts";

export type DmarcRequest = "none" | "quarantine" | "reject";
export type DmarcAlignment = "relaxed" | "strict";

/** What the domain's owner asks of receivers (RFC 9989 4.7). */
export interface DmarcOptions {
  /** What to do with mail that fails (p). */
  readonly policy: DmarcRequest;
  /** The same for subdomains (sp). @default as `policy` */
  readonly subdomainPolicy?: DmarcRequest | undefined;
  /** The same for subdomains that don't exist (np). @default as `subdomainPolicy` */
  readonly nonexistentPolicy?: DmarcRequest | undefined;
  /** Mail addresses that get aggregate reports. */
  readonly rua: readonly string[];
  /** Mail addresses that get failure reports. @default none */
  readonly ruf?: readonly string[] | undefined;
  /** Whether the DKIM domain must equal the From domain, or may be its relative. @default "relaxed" */
  readonly adkim?: DmarcAlignment | undefined;
  /** The same for the SPF domain. @default "relaxed" */
  readonly aspf?: DmarcAlignment | undefined;
  /** Asks receivers to apply one level less than the policy (t). @default false */
  readonly testing?: boolean | undefined;
}

/** A DMARC record as receivers apply it, defaults filled in. */
export interface DmarcPolicy {
  readonly policy: DmarcRequest;
  readonly subdomainPolicy: DmarcRequest;
  readonly nonexistentPolicy: DmarcRequest;
  /** Report addresses as URIs, without the obsolete size suffix. */
  readonly rua: readonly string[];
  readonly ruf: readonly string[];
  readonly adkim: DmarcAlignment;
  readonly aspf: DmarcAlignment;
  readonly testing: boolean;
  /** Whether the domain is a public suffix: yes, no or unknown. */
  readonly psd: "y" | "n" | "u";
  /** Remarks on what receivers read differently or ignore, each a phrase that follows "the record". */
  readonly notes: readonly string[];
}

/**
 * The DMARC record (RFC 9989 4.7). p stands second for readers of RFC 7489; defaults are left out.
 * `v=DMARC1; p=quarantine; rua=mailto:dmarc@example.com`
 * @throws RangeError if a report address is no mailbox
 */
export function dmarcRecord(options: DmarcOptions): string {
  const { policy, subdomainPolicy = policy, nonexistentPolicy = subdomainPolicy } = options;
  const tags = [
    "v=DMARC1",
    `p=${policy}`,
    subdomainPolicy !== policy && `sp=${subdomainPolicy}`,
    nonexistentPolicy !== subdomainPolicy && `np=${nonexistentPolicy}`,
    options.rua.length > 0 && `rua=${options.rua.map(mailtoUri).join(",")}`,
    options.ruf !== undefined && options.ruf.length > 0 && `ruf=${options.ruf.map(mailtoUri).join(",")}`,
    options.adkim === "strict" && "adkim=s",
    options.aspf === "strict" && "aspf=s",
    options.testing === true && "t=y",
  ];
  return tags.filter((tag) => tag !== false).join("; ");
}

/**
 * Reads a DMARC record as RFC 9989 4.7 and 4.10.1 say. `fault` says why receivers apply no policy, as a phrase that
 * follows "the record": `does not begin with "v=DMARC1"`.
 */
export function parseDmarcRecord(text: string): DmarcPolicy | { readonly fault: string } {
  // 4.8: the value is case sensitive, and nothing comes before it.
  if (!/^[vV][ \t]*=[ \t]*DMARC1[ \t]*(;|$)/.test(text)) return { fault: 'does not begin with "v=DMARC1"' };
  const { tags, duplicates, malformed } = readTagList(text);
  // RFC 6376 3.2, whose syntax this is: a tag written twice makes the whole list invalid.
  if (duplicates[0] !== undefined) return { fault: `has the tag "${duplicates[0]}" twice` };

  const notes = [...malformed.map(malformedNote), ...[...tags.keys()].flatMap(tagNote)];
  if ([...tags.keys()].indexOf("p") > 1)
    notes.push("has p not right after v, where older receivers expect it");

  const rua = reportUris(tags, "rua", notes);
  const ruf = reportUris(tags, "ruf", notes);
  const applied = readRequests(tags, rua, notes);
  if ("fault" in applied) return applied;
  return {
    ...applied,
    rua,
    ruf,
    adkim: oneOf(tags, "adkim", ["r", "s"], notes) === "s" ? "strict" : "relaxed",
    aspf: oneOf(tags, "aspf", ["r", "s"], notes) === "s" ? "strict" : "relaxed",
    testing: oneOf(tags, "t", ["n", "y"], notes) === "y",
    psd: oneOf(tags, "psd", ["u", "y", "n"], notes),
    notes,
  };
}

const requests = ["none", "quarantine", "reject"] as const;

const current = new Set(["v", "p", "sp", "np", "rua", "ruf", "adkim", "aspf", "fo", "t", "psd"]);

/** Tags of RFC 7489 that RFC 9989 C.5.2 took away, and what takes their place. */
const removed: ReadonlyMap<string, string> = new Map([
  ["pct", 'write "t=y" instead of "pct=0" and nothing instead of "pct=100"'],
  ["rf", "failure reports have one format"],
  ["ri", "reports come at least once a day"],
]);

function tagNote(name: string): string[] {
  const advice = removed.get(name);
  if (advice !== undefined) return [`has the obsolete tag "${name}" (RFC 9989 C.5.2); ${advice}`];
  if (current.has(name) || name === "V") return [];
  const lower = name.toLowerCase();
  if (current.has(lower)) return [`has the tag "${name}", which receivers may not take for "${lower}"`];
  return [`has the unknown tag "${name}", which receivers ignore`];
}

/**
 * 4.10.1: without a valid p, or with an invalid sp or np, the record counts as p=none if it asks for reports,
 * else there is no DMARC at all.
 */
function readRequests(
  tags: ReadonlyMap<string, string>,
  rua: readonly string[],
  notes: string[],
): Pick<DmarcPolicy, "policy" | "subdomainPolicy" | "nonexistentPolicy"> | { readonly fault: string } {
  const wrong = ["p", "sp", "np"].find((name) => {
    const value = tags.get(name);
    return value === undefined ? name === "p" : request(value) === undefined;
  });
  if (wrong !== undefined) {
    const value = tags.get(wrong);
    const fault = value === undefined ? "has no p tag" : `has the policy "${wrong}=${value}", which is none`;
    if (rua.length === 0) return { fault };
    notes.push(`${fault}, so receivers act as if it said p=none`);
    return { policy: "none", subdomainPolicy: "none", nonexistentPolicy: "none" };
  }
  const policy = request(tags.get("p")) ?? "none";
  const subdomainPolicy = request(tags.get("sp")) ?? policy;
  return { policy, subdomainPolicy, nonexistentPolicy: request(tags.get("np")) ?? subdomainPolicy };
}

function request(value: string | undefined): DmarcRequest | undefined {
  return requests.find((known) => known === value?.toLowerCase());
}

/** The tag's value among `allowed`, whose first is the default. Literals of ABNF have no case (RFC 5234 2.3). */
function oneOf<const T extends string>(
  tags: ReadonlyMap<string, string>,
  name: string,
  allowed: readonly [T, ...T[]],
  notes: string[],
): T {
  const value = tags.get(name);
  const known = allowed.find((option) => option === value?.toLowerCase());
  if (known !== undefined) return known;
  if (value !== undefined)
    notes.push(`has "${name}=${value}", so receivers take the default "${name}=${allowed[0]}"`);
  return allowed[0];
}

/** RFC 3986 URI of printing characters; a comma or exclamation mark inside must be percent-encoded (4.8). */
const uri = /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#[\]@$&'()*+;=]|%[0-9A-Fa-f]{2})+$/;

function reportUris(tags: ReadonlyMap<string, string>, name: "rua" | "ruf", notes: string[]): string[] {
  const value = tags.get(name);
  if (value === undefined) return [];
  return value.split(",").flatMap((written) => {
    const item = written.trim();
    const bare = item.replace(/![0-9]+[kmgt]?$/i, "");
    if (bare !== item) notes.push(`has the obsolete size limit "${item.slice(bare.length)}" in ${name}`);
    if (!uri.test(bare)) {
      notes.push(`has ${JSON.stringify(item)} in ${name}, which is no URI`);
      return [];
    }
    if (!/^mailto:/i.test(bare)) notes.push(`has "${bare}" in ${name}; receivers need to know only mailto:`);
    return [bare];
  });
}

function malformedNote(piece: string): string {
  return piece === ""
    ? "has nothing between two semicolons"
    : `has ${JSON.stringify(piece)}, which is no tag`;
}
