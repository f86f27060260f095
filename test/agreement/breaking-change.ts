import fc from "fast-check";
import { address, label, type AgreeingStack } from "./agreeing-stack.ts";
import { ip, output, text, Text } from "./declared.ts";
import { quoted, saying } from "./good-stack.ts";
import { set, without, type Mutation } from "./mutation.ts";

/** One change, and what it is, for messages. */
export interface BreakingChange {
  readonly title: string;
  readonly mutate: Mutation;
}

/** A change of one name or one address of one host that ends the agreement. */
export function breakingChange({
  hosts,
  addresses,
  hasTemplates,
}: AgreeingStack): fc.Arbitrary<BreakingChange> {
  return fc
    .record({
      host: fc.constantFrom(...hosts),
      stranger: label.filter((name) => !hosts.includes(name)),
      elsewhere: address.filter((candidate) => !addresses.includes(candidate)),
    })
    .chain(({ host, stranger, elsewhere }) => {
      const others = hosts.filter((other) => other !== host);
      const name = `${stranger}.example.com`;
      const changes: BreakingChange[] = [
        { title: `A of ${host} is at ${name}`, mutate: set(`${host}-a`, { name }) },
        { title: `A of ${host} holds ${elsewhere}`, mutate: set(`${host}-a`, { content: elsewhere }) },
        { title: `A of ${host} is missing`, mutate: without(`${host}-a`) },
        { title: `A of ${host} is proxied`, mutate: set(`${host}-a`, { proxied: true, ttl: 1 }) },
        { title: `PTR of ${host} names ${name}`, mutate: set(`${host}-ptr`, { domainName: name }) },
        { title: `PTR of ${host} is missing`, mutate: without(`${host}-ptr`) },
        { title: `${host} says HELO ${name}`, mutate: set(`${host}-host`, saying(name)) },
        { title: `MX of ${host} names ${name}`, mutate: set(`mx-${host}`, { content: name }) },
        {
          title: `HELO SPF of ${host} permits ${elsewhere}`,
          mutate: set(`${host}-spf`, { content: `"v=spf1 ip4:${elsewhere} -all"` }),
        },
        {
          title: `SPF permits ${elsewhere} only`,
          mutate: set("spf", { content: `"v=spf1 ip4:${elsewhere} -all"` }),
        },
        ...others.flatMap((other) => swaps(host, other)),
        ...(hasTemplates ? forgetting(host, others) : []),
      ];
      return fc.constantFrom(...changes);
    });
}

/** Mistakes of one host's thing for another's. */
function swaps(host: string, other: string): BreakingChange[] {
  const name = `${other}.example.com`;
  const allocationId = output(`${other}-address`, "allocationId");
  return [
    { title: `A of ${host} holds the address of ${other}`, mutate: set(`${host}-a`, { content: ip(other) }) },
    { title: `A of ${host} is at ${name}`, mutate: set(`${host}-a`, { name }) },
    { title: `PTR of ${host} names ${name}`, mutate: set(`${host}-ptr`, { domainName: name }) },
    {
      title: `PTR of ${host} is that of the address of ${other}`,
      mutate: set(`${host}-ptr`, { allocationId }),
    },
    { title: `${host} says HELO ${name}`, mutate: set(`${host}-host`, saying(name)) },
    { title: `${host} gets the address of ${other}`, mutate: set(`${host}-association`, { allocationId }) },
  ];
}

/** Mistakes that only a template shows in a preview: a text not known yet may permit the host in ways that nobody sees. */
function forgetting(host: string, others: readonly string[]): BreakingChange[] {
  const [other] = others;
  if (other === undefined) return [];
  const terms = others.reduce((record, each) => text`${record} ip4:${ip(each)}`, new Text(["v=spf1"]));
  return [
    { title: `SPF forgets ${host}`, mutate: set("spf", { content: quoted(text`${terms} -all`) }) },
    {
      title: `HELO SPF of ${host} permits ${other}`,
      mutate: set(`${host}-spf`, { content: quoted(text`v=spf1 ip4:${ip(other)} -all`) }),
    },
  ];
}
