import { dnsError, type Answers, type RecordType, type Resolver } from "../../mail/resolver.ts";

/** How a look-up can fail other than by absence. "hang" never answers at all. */
export type Failure = "ESERVFAIL" | "ETIMEOUT" | "EREFUSED" | "hang" | Error;

/** A TXT record is one string, or a list of character-strings. */
type ZoneTxt = string | readonly string[];

/** The records of one name, by type; a failure in place of records makes that look-up fail. */
export interface ZoneName {
  readonly A?: readonly string[] | Failure;
  readonly AAAA?: readonly string[] | Failure;
  readonly CNAME?: readonly [string] | Failure;
  readonly MX?: Answers["MX"] | Failure;
  readonly NS?: readonly string[] | Failure;
  readonly PTR?: readonly string[] | Failure;
  readonly TXT?: readonly ZoneTxt[] | Failure;
  /** Whether a proxy stands in front of the name. @default false */
  readonly proxied?: boolean;
}

/** Records by name. A failure in place of a name's records makes every look-up of the name fail. */
export type Zone = Readonly<Record<string, ZoneName | Failure>>;

export interface DnsZone extends Required<Resolver> {
  /** Every question in the order asked: `TXT example.com`. */
  readonly queries: string[];
}

const failures: ReadonlySet<unknown> = new Set(["ESERVFAIL", "ETIMEOUT", "EREFUSED", "hang"]);
const longestChain = 8;

/**
 * A zone written as an object, behind the contract of Node's resolver:
 * - a name that is not there fails with ENOTFOUND, unless one below it is (RFC 8020): then, as for a name without
 *   records of the asked type, with ENODATA;
 * - `*.example.com` answers for what is below example.com and not otherwise there (RFC 4592);
 * - a CNAME answers for every type; a loop or a chain longer than 8 is ESERVFAIL.
 */
export function dnsZone(zone: Zone): DnsZone {
  const names = new Map(Object.entries(zone).map(([name, records]) => [bare(name), records]));
  const existing = new Set<string>();
  for (const name of names.keys()) for (const parent of lineage(name)) existing.add(parent);
  const queries: string[] = [];

  const recordsAt = (name: string): ZoneName | Failure | undefined => {
    if (existing.has(name)) return names.get(name) ?? {};
    const encloser = lineage(name).find((parent) => existing.has(parent));
    return encloser === undefined ? undefined : names.get(`*.${encloser}`);
  };

  const aliased = (name: string): string | undefined => {
    const records = recordsAt(name);
    return typeof records === "object" && "CNAME" in records && !isFailure(records.CNAME)
      ? records.CNAME[0]
      : undefined;
  };

  /** The names from `name` along its aliases, the last being no alias. */
  const chain = (name: string, question: string): string[] => {
    const links = [name];
    for (let target = aliased(name); target !== undefined; target = aliased(bare(target))) {
      if (links.length > longestChain) throw dnsError("ESERVFAIL", question);
      links.push(bare(target));
    }
    return links;
  };

  const resolve = async <T extends RecordType>(asked: string, type: T): Promise<Answers[T]> => {
    const question = `${type} ${bare(asked)}`;
    queries.push(question);
    const name = type === "CNAME" ? bare(asked) : (chain(bare(asked), question).at(-1) ?? "");
    const records = recordsAt(name);
    if (records === undefined) throw dnsError("ENOTFOUND", question);
    if (isFailure(records)) return fail(records, question);
    const answers = records[type];
    if (isFailure(answers)) return fail(answers, question);
    if (answers === undefined || answers.length === 0) throw dnsError("ENODATA", question);
    return nodeShape(type, answers) as Answers[T];
  };

  const proxied = (name: string): Promise<boolean> => {
    const links = chain(bare(name), `proxied ${name}`).map(recordsAt);
    return Promise.resolve(
      links.some((records) => records !== undefined && !isFailure(records) && records.proxied === true),
    );
  };

  return { queries, resolve, proxied };
}

function nodeShape(type: RecordType, answers: NonNullable<Exclude<ZoneName[RecordType], Failure>>): unknown {
  if (type !== "TXT") return answers;
  return (answers as readonly ZoneTxt[]).map((strings) =>
    typeof strings === "string" ? [strings] : strings,
  );
}

function isFailure(records: unknown): records is Failure {
  return failures.has(records) || records instanceof Error;
}

function fail(failure: Failure, question: string): Promise<never> {
  if (failure === "hang") return new Promise(() => undefined);
  return Promise.reject(failure instanceof Error ? failure : dnsError(failure, question));
}

/** `name` and the names above it: a.example.com, example.com, com. */
function lineage(name: string): string[] {
  const labels = name.split(".");
  return labels.map((_, index) => labels.slice(index).join("."));
}

function bare(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
