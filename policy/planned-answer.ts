import { normalizeName } from "../mail/host-name.ts";
import { UndeterminedError, type Answers, type MxRecord, type RecordType } from "../mail/resolver.ts";
import type { SymbolTable } from "../mail/symbol.ts";
import { joinTxt } from "../mail/txt.ts";
import type { AddressBook } from "./address-book.ts";
import type { PlannedSpf } from "./planned-spf.ts";
import type { DnsRecord } from "./planned-resource.ts";
import { isUnknown, known, type Unknown, type Value } from "./property.ts";

/** What it takes to turn record contents into answers. */
export interface AnswerContext {
  readonly symbols: SymbolTable;
  readonly addresses: AddressBook;
  readonly spf: PlannedSpf;
}

/** What a name holds: answers, or another name to ask in its place. */
export type Found<T extends RecordType> =
  | { readonly kind: "answers"; readonly answers: Answers[T] }
  | { readonly kind: "alias"; readonly alias: string };

/**
 * What the records at `owner` answer, in the shapes of Node's `dns.promises.resolve`; undefined if there is no record of
 * that type.
 * @throws UndeterminedError if a content isn't known and can't be told from what it derives from
 */
export function atNode<T extends RecordType>(
  context: AnswerContext,
  owner: string,
  type: T,
  records: readonly DnsRecord[],
): Found<T> | undefined {
  const typed = records.filter((record) => known(record.type) === type && record.alias === undefined);
  if (typed.length > 1 && typed.some(({ oneOfSeveral }) => oneOfSeveral))
    throw new UndeterminedError(`Route 53 answers ${type} of ${owner} with one of several record sets`);
  if (typed.length > 0) return { kind: "answers", answers: answers[type](context, owner, typed) };
  const proxy = type === "A" ? proxyAddresses.A : type === "AAAA" ? proxyAddresses.AAAA : undefined;
  if (proxy !== undefined && records.some((record) => isCname(record) && record.proxied === true))
    return { kind: "answers", answers: [proxy] as unknown as Answers[T] };
  const alias = aliasAt(context, owner, type, records);
  return alias === undefined ? undefined : { kind: "alias", alias };
}

/** The name that `owner` stands for: by a CNAME record, or by a Route 53 alias of that type. */
export function aliasAt(
  context: AnswerContext,
  owner: string,
  type: RecordType,
  records: readonly DnsRecord[],
): string | undefined {
  const cnames = records.filter(isCname);
  const [cname] = cnames.length === 0 ? [] : answers.CNAME(context, owner, cnames);
  if (cname !== undefined) return cname;
  const record = records.find((candidate) => candidate.alias !== undefined && known(candidate.type) === type);
  if (record === undefined) return undefined;
  const alias = known(record.alias);
  if (alias === undefined) throw notKnown(record);
  return alias;
}

function isCname({ type }: DnsRecord): boolean {
  return known(type) === "CNAME";
}

const answers: {
  readonly [T in RecordType]: (
    context: AnswerContext,
    owner: string,
    records: readonly DnsRecord[],
  ) => Answers[T];
} = {
  A: (context, _, records) => contents(records).map(({ record, content }) => ip4(context, record, content)),
  AAAA: (_, __, records) => contents(records).map(({ record, content }) => ip6(record, content)),
  CNAME: (_, __, records) => names(records),
  NS: (_, __, records) => names(records),
  PTR: (_, __, records) => names(records),
  MX: (_, __, records) => contents(records).flatMap(({ record, content }) => exchanger(record, content)),
  TXT: texts,
};

/**
 * Where Cloudflare's addresses begin (www.cloudflare.com/ips). Which of them answers for a proxied name only Cloudflare
 * knows; it is never the record's content.
 */
const proxyAddresses = { A: "104.16.0.0", AAAA: "2606:4700::" } as const;

function ip4({ addresses, symbols }: AnswerContext, record: DnsRecord, content: string | Unknown): string {
  if (known(record.proxied) === true) return proxyAddresses.A;
  if (!isUnknown(content)) return symbols.written(content.trim());
  const { eips, alone } = addresses.behind(content.dependsOn);
  const [eip, ...others] = eips;
  if (eip === undefined || others.length > 0 || !alone) throw notKnown(record);
  return addresses.ofEip(eip);
}

function ip6(record: DnsRecord, content: string | Unknown): string {
  return known(record.proxied) === true ? proxyAddresses.AAAA : written(record, content).trim();
}

function names(records: readonly DnsRecord[]): string[] {
  return contents(records).map(({ record, content }) => normalizeName(written(record, content).trim()));
}

/** Cloudflare keeps the priority beside the name, Route 53 before it: `10 mail.example.com`. */
function exchanger(record: DnsRecord, content: string | Unknown): MxRecord[] {
  const text = written(record, content).trim();
  const [, priority, exchange] = /^(\d+)\s+(\S+)$/.exec(text) ?? [];
  return [
    {
      priority: Number(priority ?? known(record.priority) ?? 0),
      exchange: normalizeName(exchange ?? text),
    },
  ];
}

function texts(context: AnswerContext, owner: string, records: readonly DnsRecord[]): string[][] {
  const found: string[] = [];
  let foreign: DnsRecord | undefined;
  for (const { record, content } of contents(records)) {
    const text = isUnknown(content)
      ? context.spf.text(owner, record, content)
      : knownText(context, record, content);
    if (text === undefined) foreign = record;
    else found.push(text);
  }
  // A text that isn't known and derives from no address is hardly a second SPF record: it is told apart from none.
  if (foreign !== undefined && !found.some((text) => /^v=spf1( |$)/i.test(text))) throw notKnown(foreign);
  return found.map((text) => [text]);
}

function knownText({ symbols }: AnswerContext, record: DnsRecord, content: string): string {
  return symbols.written(joinTxt(record.provider === "route53" ? route53Text(content) : content));
}

/**
 * The AWS provider puts a record's text between quotes, so that `""` inside it separates two strings; people who write
 * the quotes themselves mean the same.
 */
function route53Text(content: string): string {
  const quoted = /^".*"$/s.test(content) ? content : `"${content}"`;
  return quoted.replace(/(?<=[^\\])""(?=.)/g, '" "');
}

interface Content {
  readonly record: DnsRecord;
  readonly content: string | Unknown;
}

function contents(records: readonly DnsRecord[]): Content[] {
  return records.flatMap((record) => {
    const list: Value<readonly Value<string>[]> = record.contents;
    if (isUnknown(list)) return [{ record, content: list }];
    return (list ?? []).flatMap((content) => (content === undefined ? [] : [{ record, content }]));
  });
}

function written(record: DnsRecord, content: string | Unknown): string {
  if (isUnknown(content)) throw notKnown(record);
  return content;
}

function notKnown(record: DnsRecord): UndeterminedError {
  return new UndeterminedError(`the content of ${record.name} is not known before it is created`);
}
