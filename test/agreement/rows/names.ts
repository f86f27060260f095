import { ip, output, text } from "../declared.ts";
import { declare, goodStack, host, saying } from "../good-stack.ts";
import { adding, all, dropping, set, unchanged, without } from "../mutation.ts";
import { live, rowsOn } from "../row.ts";

const row = rowsOn("names", goodStack("okmail"));
const says = (helo: string) => set("okmail-host", saying(helo));
const ptr = (domainName: string) => set("okmail-ptr", { domainName });
const a = (name: string) => set("okmail-a", { name });
const noForward = { refused: "there is no A record" };
const alias = (name: string, target: string) => declare.record(`alias-${name}`, name, "CNAME", target);
/** The HELO name is an alias, beside which no SPF record can stand; mail is taken by the host's own name. */
const aliased = all(
  a("host.example.com"),
  without("okmail-spf"),
  set("mx-okmail", { content: "host.example.com" }),
);
const wildcard = a("*.example.com");
const apex = all(
  ...[says("example.com"), ptr("example.com"), a("example.com"), without("okmail-spf")],
  ...[set("mx-okmail", { content: "example.com" })],
);
const below = (domain: string) =>
  all(
    says(`okmail.${domain}`),
    ptr(`okmail.${domain}`),
    a(`okmail.${domain}`),
    set("okmail-spf", { name: `okmail.${domain}` }),
  );

/** HELO, A and PTR name one thing, whatever its spelling, or they don't. */
export const nameRows = [
  row("nothing", unchanged, "passes"),
  row("HELO in capitals", says("OKMAIL.Example.COM"), "passes"),
  row("PTR in capitals", ptr("OkMail.EXAMPLE.com"), "passes"),
  row("PTR with a final dot", ptr("okmail.example.com."), "passes"),
  row("A at a name relative to the zone", a("okmail"), "passes"),
  row("A at a name in capitals", a("OKMAIL.EXAMPLE.COM"), "passes"),
  row("A at a name with a final dot", a("okmail.example.com."), "passes"),
  row(
    "all names relative to the zone",
    all(a("okmail"), set("okmail-spf", { name: "okmail" }), set("spf", { name: "@" })),
    "passes",
  ),

  row("no A record", without("okmail-a"), "a-matches-address", noForward),
  row("A one letter off", a("0kmail.example.com"), "a-matches-address", noForward),
  row("A in another zone", a("okmail.example.net"), "a-matches-address", noForward),
  row("A holds somebody else's address", set("okmail-a", { content: "198.51.100.7" }), "a-matches-address", {
    refused: "but it holds 198.51.100.7",
  }),
  row(
    "A holds an address of the same network",
    set("okmail-a", { content: "192.0.2.9" }),
    "a-matches-address",
    {
      refused: "but it holds 192.0.2.9",
    },
  ),
  row("A holds a private address", set("okmail-a", { content: "10.0.0.1" }), "a-matches-address", {
    refused: "but it holds 10.0.0.1",
  }),
  row("A is proxied", set("okmail-a", { proxied: true, ttl: 1 }), "mail-name-not-proxied", {
    refused: "but it holds 198.51.100.201",
  }),
  row(
    "a second A with somebody else's address",
    adding(declare.record("stranger", "okmail.example.com", "A", "198.51.100.7")),
    "passes",
  ),
  row(
    "an AAAA beside the A",
    adding(declare.record("six", "okmail.example.com", "AAAA", "2001:db8::7")),
    "passes",
  ),
  row(
    "AAAA in place of A",
    set("okmail-a", { type: "AAAA", content: "2001:db8::7" }),
    "a-matches-address",
    noForward,
  ),

  row("no PTR requested", without("okmail-ptr"), "ptr-matches-helo"),
  row("PTR names a host without A", ptr("mail.example.com"), "ptr-matches-helo", noForward),
  row("PTR one letter off", ptr("okmai1.example.com"), "ptr-matches-helo", noForward),
  row("PTR in another domain", ptr("okmail.example.net"), "ptr-matches-helo", noForward),
  row("PTR names the domain", ptr("example.com"), "ptr-matches-helo", noForward),
  row(
    "PTR names another name of the same address",
    all(adding(declare.record("other", "mail.example.com", "A", ip("okmail"))), ptr("mail.example.com")),
    "ptr-matches-helo",
    noForward,
  ),
  row(
    "two PTR requests for one address",
    adding(
      declare.record("other", "mail.example.com", "A", ip("okmail")),
      declare.ptr("other-ptr", {
        allocationId: output("okmail-address", "allocationId"),
        domainName: "mail.example.com",
      }),
    ),
    "passes",
    {
      differs: {
        before: "in the moment of the second request it is known which comes last and overwrites the other",
        ...live("which of two requests comes last nobody can tell from the plan"),
      },
    },
  ),

  // Postfix doesn't even start with such a myhostname; smtp_helo_name it says as it is.
  row("HELO with a final dot", says("okmail.example.com."), "helo-is-host-name"),
  row("HELO is a single label", says("okmail"), "helo-is-host-name"),
  row("HELO is an address literal", says("[192.0.2.10]"), "helo-is-host-name"),
  row("HELO is a bare address", says("192.0.2.10"), "helo-is-host-name"),
  row("HELO has an underscore", says("ok_mail.example.com"), "helo-is-host-name"),
  row("HELO label starts with a hyphen", says("-okmail.example.com"), "helo-is-host-name"),
  row("HELO label of 64 characters", says(`${"o".repeat(64)}.example.com`), "helo-is-host-name"),
  row("HELO is EC2's private name", says("ip-172-31-0-4.eu-central-1.compute.internal"), "helo-is-host-name"),
  row(
    "HELO is EC2's public name",
    says("ec2-192-0-2-10.eu-central-1.compute.amazonaws.com"),
    "helo-is-host-name",
  ),
  row("HELO is localhost.localdomain", says("localhost.localdomain"), "helo-is-host-name"),
  row("HELO in a private top-level domain", says("okmail.example.lan"), "helo-is-host-name"),
  row("HELO is another name of the domain", says("mail.example.com"), "a-matches-address"),
  row("HELO is the name of another domain", says("okmail.example.net"), "ptr-matches-helo"),
  row("HELO is the domain itself", says("example.com"), "ptr-matches-helo"),
  row("all names are the domain itself", apex, "passes"),
  row("HELO below a subdomain that is no mail domain", below("mta.example.com"), "spf-permits-address", {
    domain: "mta.example.com",
  }),
  row(
    "HELO below a subdomain, with the tag mail:domain",
    all(
      below("mta.example.com"),
      set("okmail-host", { tags: { "mail:domain": "example.com" } }),
      set("mx-okmail", { content: "okmail.mta.example.com" }),
    ),
    "passes",
  ),

  row(
    "HELO is an alias of the host's name",
    all(aliased, adding(alias("okmail.example.com", "host.example.com"))),
    "passes",
    noForward,
  ),
  row(
    "HELO is an alias of an alias of an alias",
    all(
      aliased,
      adding(
        alias("okmail.example.com", "a.example.com"),
        alias("a.example.com", "b.example.com"),
        alias("b.example.com", "host.example.com"),
      ),
    ),
    "passes",
    {
      ...noForward,
      differs: {
        lab: "pyspf counts each alias on the way to no SPF record as a void look-up; by RFC 7208 4.5 the result is none",
      },
    },
  ),
  row(
    "HELO is an alias of nothing",
    all(aliased, adding(alias("okmail.example.com", "nothing.example.com"))),
    "a-matches-address",
    noForward,
  ),
  row(
    "HELO is an alias in a circle",
    all(
      aliased,
      adding(alias("okmail.example.com", "a.example.com"), alias("a.example.com", "okmail.example.com")),
    ),
    "a-matches-address",
    {
      ...noForward,
      differs: {
        // The lab's receiver asks Knot itself: for an authority a circle is a name without an address.
        dns: "to a resolver a circle is a name server's failure, which may be over soon",
        receiver: "to a resolver a circle is a name server's failure, which may be over soon: 450",
      },
    },
  ),
  row(
    "HELO is a proxied alias",
    all(
      aliased,
      adding({
        ...alias("okmail.example.com", "host.example.com"),
        inputs: { ...alias("okmail.example.com", "host.example.com").inputs, proxied: true, ttl: 1 },
      }),
    ),
    "mail-name-not-proxied",
    noForward,
  ),
  row(
    "A is a wildcard, and the name has no record of its own",
    all(wildcard, without("okmail-spf"), set("mx-okmail", { content: "any.example.com" })),
    "passes",
  ),
  row("A is a wildcard, but the name has an SPF record", wildcard, "a-matches-address"),
  row("A is a wildcard one level too deep", a("*.okmail.example.com"), "a-matches-address", noForward),
  row("A is a wildcard of another branch", a("*.mx.example.com"), "a-matches-address", noForward),
  row("the association is missing", without("okmail-association"), "passes", {
    differs: live("without an Elastic IP in the plan nobody knows the address; another stack may attach one"),
  }),
  row(
    "HELO by smtp_helo_name against myhostname",
    set(
      "okmail-host",
      saying("okmail.example.com", "myhostname = wrong.example.com", "smtp_helo_name = okmail.example.com"),
    ),
    "passes",
  ),
  row(
    "smtp_helo_name names another host than myhostname",
    set("okmail-host", saying("okmail.example.com", "smtp_helo_name = mail.example.com")),
    "a-matches-address",
  ),
];

const two = rowsOn("two hosts", goodStack("okmail", "second"));
const swapped = (property: string, ...names: readonly [string, string]) => {
  const [one, other] = names;
  return all(
    set(`okmail-${one}`, {
      [property]: other === "allocationId" ? output("second-address", "allocationId") : ip("second"),
    }),
    set(`second-${one}`, {
      [property]: other === "allocationId" ? output("okmail-address", "allocationId") : ip("okmail"),
    }),
  );
};

/** What two hosts can mistake for the other's. */
export const pairRows = [
  two("nothing", unchanged, "passes"),
  two(
    "their PTR names are swapped",
    all(
      set("okmail-ptr", { domainName: "second.example.com" }),
      set("second-ptr", { domainName: "okmail.example.com" }),
    ),
    "ptr-matches-helo",
    { refused: "must hold" },
  ),
  two(
    "their PTR requests name each other's address",
    swapped("allocationId", "ptr", "allocationId"),
    "ptr-matches-helo",
    { refused: "must hold" },
  ),
  two("their A records are swapped", swapped("content", "a", "publicIp"), "a-matches-address", {
    refused: "must hold",
  }),
  two(
    "their HELO names are swapped",
    all(set("okmail-host", saying("second.example.com")), set("second-host", saying("okmail.example.com"))),
    "ptr-matches-helo",
  ),
  two(
    "their Elastic IPs are swapped",
    swapped("allocationId", "association", "allocationId"),
    "ptr-matches-helo",
  ),
  two(
    "A and PTR are both swapped",
    all(swapped("content", "a", "publicIp"), swapped("allocationId", "ptr", "allocationId")),
    "ptr-matches-helo",
  ),
  two(
    "everything is swapped, so that all agrees",
    all(
      swapped("content", "a", "publicIp"),
      swapped("allocationId", "ptr", "allocationId"),
      swapped("allocationId", "association", "allocationId"),
      set("okmail-spf", { content: text`"v=spf1 ip4:${ip("second")} -all"` }),
      set("second-spf", { content: text`"v=spf1 ip4:${ip("okmail")} -all"` }),
    ),
    "passes",
  ),
  two("both say the first one's name", set("second-host", saying("okmail.example.com")), "ptr-matches-helo"),
  two(
    "both A records at the first one's name",
    set("second-a", { name: "okmail.example.com" }),
    "a-matches-address",
    { refused: "there is no A record" },
  ),
  two(
    "one name for both: HELO, A and PTR",
    all(
      set("second-host", saying("okmail.example.com")),
      set("second-a", { name: "okmail.example.com" }),
      set("second-ptr", { domainName: "okmail.example.com" }),
      set("okmail-spf", { content: text`"v=spf1 ip4:${ip("okmail")} ip4:${ip("second")} -all"` }),
      without("second-spf", "mx-second"),
    ),
    "passes",
  ),
  two("the second has no PTR", without("second-ptr"), "ptr-matches-helo"),
  two("the second's A is proxied", set("second-a", { proxied: true, ttl: 1 }), "mail-name-not-proxied", {
    refused: "must hold",
  }),
  two(
    "the second's name also has the first's address",
    adding(declare.record("round", "second.example.com", "A", ip("okmail"))),
    "passes",
  ),
  two(
    "SPF forgets the second",
    set("spf", { content: text`"v=spf1 ip4:${ip("okmail")} -all"` }),
    "spf-permits-address",
  ),
  two(
    "SPF names the first twice",
    set("spf", { content: text`"v=spf1 ip4:${ip("okmail")} ip4:${ip("okmail")} -all"` }),
    "spf-permits-address",
  ),
  two(
    "HELO SPF of the second permits the first",
    set("second-spf", { content: text`"v=spf1 ip4:${ip("okmail")} -all"` }),
    "spf-permits-helo",
  ),
  two("the second has no MX", without("mx-second"), "passes"),
  two("the second has no HELO SPF", without("second-spf"), "passes"),
  two(
    "the second has no Elastic IP of its own: the first's is given to both",
    set("second-association", { allocationId: output("okmail-address", "allocationId") }),
    "ptr-matches-helo",
  ),
  two("the second is no mail host", dropping("second-host", "userData"), "passes", {
    guests: { "second-host": "none" },
  }),
  rowsOn("two hosts", [...goodStack("okmail"), ...host("second")])(
    "SPF of a domain that only one of them joins",
    unchanged,
    "spf-permits-address",
  ),
];
