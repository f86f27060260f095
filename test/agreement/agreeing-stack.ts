import fc from "fast-check";
import { ip, text, Text, type Stack } from "./declared.ts";
import { goodStack, quoted, rawStack, saying } from "./good-stack.ts";
import { all, set, type Mutation } from "./mutation.ts";

/** A stack in which everything agrees, and what there is to break in it. */
export interface AgreeingStack {
  readonly stack: Stack;
  /** The hosts' names, which also name their resources. */
  readonly hosts: readonly string[];
  /** The addresses that their Elastic IPs get, in their order. */
  readonly addresses: readonly string[];
  /** Whether a component tells SPF texts before addresses are known. */
  readonly hasTemplates: boolean;
  /** Whether providers repeat ids among outputs. */
  readonly idsAreOutputs: boolean;
}

/** A host name's label, in lower case; short ones too, so that some differ in one letter only. */
export const label = fc
  .stringMatching(/^[a-z]([a-z0-9-]{0,5}[a-z0-9])?$/)
  .filter((name) => !["spf", "dmarc", "records", "mx", "com", "example"].includes(name));

/** A public address, of networks that nobody else has. */
export const address = fc
  .tuple(fc.constantFrom("192.0.2", "198.51.100", "203.0.113"), fc.integer({ min: 1, max: 254 }))
  .map(([network, number]) => `${network}.${number}`);

/** The same name as it may be written too: in any case, with or without a final dot. */
function spelling(name: string): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }),
      fc.constantFrom("", "."),
    )
    .map(
      ([capitals, dot]) =>
        Array.from(name, (letter, index) => (capitals[index] === true ? letter.toUpperCase() : letter)).join(
          "",
        ) + dot,
    );
}

/** Names of one host as they are written in each place. */
function respelled(host: string): fc.Arbitrary<Mutation> {
  const name = `${host}.example.com`;
  return fc.tuple(spelling(name), spelling(name), spelling(name), spelling(name)).map(([a, ptr, helo, mx]) =>
    all(
      set(`${host}-a`, { name: a }),
      set(`${host}-ptr`, { domainName: ptr }),
      // Postfix has no other form for a final dot: it says it.
      set(`${host}-host`, saying(helo.replace(/\.$/, ""))),
      set(`mx-${host}`, { content: mx }),
    ),
  );
}

/** An SPF text that permits all hosts in any order, and perhaps others. */
function spfText(hosts: readonly string[]): fc.Arbitrary<Text> {
  const own: readonly (string | Text)[] = hosts.map((host) => text`ip4:${ip(host)}`);
  const others: readonly (string | Text)[] = ["mx", "ip4:198.18.0.0/24", `a:${hosts[0] ?? ""}.example.com`];
  const terms = fc
    .subarray([...others])
    .map((chosen) => [...own, ...chosen])
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));
  return fc.tuple(terms, fc.constantFrom("-all", "~all", "?all")).map(([chosen, rest]) => {
    const record = chosen.reduce<Text>((before, term) => text`${before} ${term}`, new Text(["v=spf1"]));
    return text`${record} ${rest}`;
  });
}

/** Agreeing stacks of one to four hosts. */
export const agreeingStack: fc.Arbitrary<AgreeingStack> = fc
  .record({
    hosts: fc.uniqueArray(label, { minLength: 1, maxLength: 4 }),
    hasTemplates: fc.boolean(),
    idsAreOutputs: fc.boolean(),
    addresses: fc.uniqueArray(address, { minLength: 4, maxLength: 4 }),
  })
  .chain(({ hosts, hasTemplates, ...others }) => {
    const [first = "", ...rest] = hosts;
    const base = hasTemplates ? goodStack(first, ...rest) : rawStack(first, ...rest);
    return fc.tuple(fc.tuple(...hosts.map(respelled)), spfText(hosts)).map(([names, spf]) => ({
      ...others,
      hosts,
      hasTemplates,
      stack: all(...names, set("spf", { content: quoted(spf) }))(base),
    }));
  });
