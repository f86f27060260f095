import { ip, text, Text } from "../declared.ts";
import { declare, goodStack, OTHER_ZONE, permitting, quoted } from "../good-stack.ts";
import { adding, all, before, set, unchanged, without, type Mutation } from "../mutation.ts";
import { because, live, receivers, rowsOn } from "../row.ts";

const row = rowsOn("SPF", goodStack("okmail"));
const own = ip("okmail");
const spf = (record: string | Text) => set("spf", { content: quoted(record) });
const heloSpf = (record: string | Text) => set("okmail-spf", { content: quoted(record) });
/** Records that others than the program under test have, in a zone that the plan names. */
const there = (
  ...records: readonly (readonly [name: string, type: string, content: string | Text])[]
): Mutation =>
  before(
    "spf",
    ...records.map(([name, type, content], index) =>
      declare.record(`other-${index}`, name, type, type === "TXT" ? quoted(content) : content),
    ),
  );
const includes = (count: number) =>
  all(
    there(
      ...Array.from(
        { length: count },
        (_, n) => [`i${n}.example.com`, "TXT", "v=spf1 ip4:198.51.100.1 -all"] as const,
      ),
    ),
    spf(
      text`v=spf1 ${Array.from({ length: count }, (_, n) => `include:i${n}.example.com`).join(" ")} ip4:${own} -all`,
    ),
  );
const softly = { differs: receivers(because.softfail) };
const everyone = { differs: receivers(because.everyone) };
const dmarcRejects = set("dmarc", { content: '"v=DMARC1; p=reject"' });

/** A domain whose MX records name ten other hosts and, at the priority `own`, the sender. */
function manyExchangers(priority: number, others = 10): Mutation {
  const exchanger = (n: number, name: string) =>
    declare.record(`mx-many-${n}`, "many.example.com", "MX", name, { priority: n });
  return all(
    ...Array.from({ length: others }, (_, n) => n + (priority === 0 ? 1 : 0)).flatMap((n) => [
      before("spf", declare.record(`a-many-${n}`, `x${n}.example.com`, "A", `198.51.100.${n}`)),
      before("spf", exchanger(n, `x${n}.example.com`)),
    ]),
    before("spf", exchanger(priority, "okmail.example.com")),
    spf("v=spf1 mx:many.example.com -all"),
  );
}

/** SPF by RFC 7208, whole. */
export const spfRows = [
  row("capitals in the terms", spf(text`v=spf1 IP4:${own} -ALL`), "passes"),
  row("capitals in the version", spf(text`V=SPF1 ip4:${own} -all`), "passes"),
  row("more than one space between terms", spf(text`v=spf1   ip4:${own}   -all`), "passes"),
  row("no quotation marks", set("spf", { content: text`v=spf1 ip4:${own} -all` }), "passes"),
  row("two strings, cut between terms", set("spf", { content: text`"v=spf1 " "ip4:${own} -all"` }), "passes"),
  row("two strings, cut within a term", set("spf", { content: text`"v=spf1 ip" "4:${own} -all"` }), "passes"),
  row(
    "two strings without the space that parts them",
    set("spf", { content: text`"v=spf1" "ip4:${own} -all"` }),
    "spf-permits-address",
    softly,
  ),
  row("escaped characters", set("spf", { content: text`"v=spf1 ip4:${own} \\-all"` }), "passes"),
  row(
    "another TXT record beside it",
    adding(declare.record("note", "example.com", "TXT", '"google-site-verification=x"')),
    "passes",
  ),
  row(
    "a record of 500 octets",
    spf(
      text`v=spf1 ip4:${own} ${Array.from({ length: 25 }, (_, n) => `ip4:198.51.100.${n + 100}`).join(" ")} -all`,
    ),
    "passes",
  ),

  row("no SPF record", without("spf"), "spf-permits-address", softly),
  row("no SPF record, and DMARC rejects", all(without("spf"), dmarcRejects), "spf-permits-address"),
  row("no space after the version", spf(text`v=spf1ip4:${own} -all`), "spf-permits-address", softly),
  row("a version that doesn't exist", spf(text`v=spf10 ip4:${own} -all`), "spf-permits-address", softly),
  row(
    "SPF at a name one letter off",
    set("spf", { name: "exanple.com.example.com" }),
    "spf-permits-address",
    softly,
  ),
  row("another address", spf("v=spf1 ip4:198.51.100.7 -all"), "spf-permits-address"),
  row("a neighbour's address", spf("v=spf1 ip4:192.0.2.9 -all"), "spf-permits-address"),
  row("nobody at all", spf("v=spf1 -all"), "spf-permits-address"),
  row("softfail for the host", spf("v=spf1 ~all"), "spf-permits-address", softly),
  row(
    "softfail for the host, and DMARC rejects",
    all(spf("v=spf1 ~all"), dmarcRejects),
    "spf-permits-address",
  ),
  row(
    "softfail, and DMARC quarantines",
    all(spf("v=spf1 ~all"), set("dmarc", { content: '"v=DMARC1; p=quarantine"' })),
    "spf-permits-address",
    softly,
  ),
  row("neutral for the host", spf("v=spf1 ?all"), "spf-permits-address", softly),
  row("neutral by no term at all", spf("v=spf1"), "spf-permits-address", softly),
  row("softfail for all others", spf(text`v=spf1 ip4:${own} ~all`), "passes"),
  row("neutral for all others", spf(text`v=spf1 ip4:${own} ?all`), "passes"),
  row("the host's own term fails it", spf(text`v=spf1 -ip4:${own} -all`), "spf-permits-address"),
  row("the host's own term softfails it", spf(text`v=spf1 ~ip4:${own} -all`), "spf-permits-address", softly),
  row("-all before the host's term", spf(text`v=spf1 -all ip4:${own}`), "spf-permits-address"),
  row("+all", spf(text`v=spf1 ip4:${own} +all`), "spf-not-for-everyone", everyone),
  row("all without a sign", spf(text`v=spf1 ip4:${own} all`), "spf-not-for-everyone", everyone),
  row("a network of everybody", spf("v=spf1 ip4:0.0.0.0/0 -all"), "spf-not-for-everyone", everyone),
  row(
    "two halves of everybody",
    spf("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all"),
    "spf-not-for-everyone",
    everyone,
  ),
  row("the host's network", spf(text`v=spf1 ip4:${own}/24 -all`), "passes"),
  row(
    "an IPv6 network of everybody",
    spf(text`v=spf1 ip4:${own} ip6:::/0 -all`),
    "spf-not-for-everyone",
    everyone,
  ),

  row(
    "two SPF records",
    adding(declare.record("again", "example.com", "TXT", '"v=spf1 -all"')),
    "spf-is-valid",
  ),
  row("an unknown mechanism", spf(text`v=spf1 ipv4:${own} -all`), "spf-is-valid"),
  row("an unknown mechanism after the match", spf(text`v=spf1 ip4:${own} foo -all`), "spf-is-valid"),
  row("an unknown modifier", spf(text`v=spf1 ip4:${own} foo=bar -all`), "passes"),
  row("a network that is none", spf(text`v=spf1 ip4:${own}/33 -all`), "spf-is-valid"),
  row("an address that is none", spf(text`v=spf1 ip4:${own} ip4:192.0.2.256 -all`), "spf-is-valid"),
  row("a comma between terms", spf(text`v=spf1 ip4:${own}, -all`), "spf-is-valid"),
  row("include of itself", spf(text`v=spf1 include:example.com ip4:${own} -all`), "spf-is-valid"),
  row(
    "includes in a circle",
    all(
      there(["a.example.com", "TXT", "v=spf1 include:example.com -all"]),
      spf(text`v=spf1 include:a.example.com ip4:${own} -all`),
    ),
    "spf-is-valid",
  ),
  row(
    "include of a domain without SPF",
    spf(text`v=spf1 include:nothing.example.com ip4:${own} -all`),
    "spf-is-valid",
  ),
  row("include without a domain", spf(text`v=spf1 include: ip4:${own} -all`), "spf-is-valid"),
  row(
    "include that permits the host",
    all(
      there(["_spf.example.com", "TXT", text`v=spf1 ip4:${own} -all`]),
      spf("v=spf1 include:_spf.example.com -all"),
    ),
    "passes",
  ),
  row(
    "include whose fail is no match",
    all(
      there(["_spf.example.com", "TXT", "v=spf1 -all"]),
      spf(text`v=spf1 include:_spf.example.com ip4:${own} -all`),
    ),
    "passes",
  ),
  row(
    "include that softfails the host",
    all(there(["_spf.example.com", "TXT", "v=spf1 ~all"]), spf("v=spf1 include:_spf.example.com -all")),
    "spf-permits-address",
  ),
  row(
    "include that has +all",
    all(there(["_spf.example.com", "TXT", "v=spf1 +all"]), spf("v=spf1 include:_spf.example.com -all")),
    "spf-not-for-everyone",
    everyone,
  ),
  row(
    "include in another zone of the plan",
    all(
      adding(
        declare.record("net", "_spf.example.net", "TXT", quoted(text`v=spf1 ip4:${own} -all`), {
          zoneId: OTHER_ZONE.id,
        }),
      ),
      spf("v=spf1 include:_spf.example.net -all"),
    ),
    "passes",
  ),
  row("include outside the plan", spf(text`v=spf1 include:_spf.example.org ip4:${own} -all`), "passes", {
    differs: live("the pack asks no live DNS, so it can't know that the domain doesn't exist"),
  }),
  row("exactly 10 look-ups", includes(10), "passes"),
  row("11 look-ups", includes(11), "spf-is-valid"),
  row(
    "11 look-ups, but the host comes first",
    all(
      includes(11),
      spf(
        text`v=spf1 ip4:${own} ${Array.from({ length: 11 }, (_, n) => `include:i${n}.example.com`).join(" ")} -all`,
      ),
    ),
    "passes",
  ),
  row("2 void look-ups", spf(text`v=spf1 a:x1.example.com a:x2.example.com ip4:${own} -all`), "passes"),
  row(
    "3 void look-ups",
    spf(text`v=spf1 a:x1.example.com a:x2.example.com a:x3.example.com ip4:${own} -all`),
    "spf-is-valid",
  ),
  row(
    "exchangers without addresses are void look-ups too",
    all(
      ...[1, 2, 3].map((n) =>
        before(
          "spf",
          declare.record(`dead-${n}`, "dead.example.com", "MX", `x${n}.example.com`, { priority: n }),
        ),
      ),
      spf(text`v=spf1 mx:dead.example.com ip4:${own} -all`),
    ),
    "spf-is-valid",
  ),
  row("mx of 11 hosts, the host among them last", manyExchangers(11), "spf-is-valid"),
  row("mx of 11 hosts, the host among them first", manyExchangers(0), "spf-is-valid"),
  row("mx of 10 hosts", manyExchangers(10, 9), "passes"),

  row("a of the domain, which has none", spf("v=spf1 a -all"), "spf-permits-address"),
  row("a of the HELO name", spf("v=spf1 a:okmail.example.com -all"), "passes"),
  row(
    "a of another name",
    all(there(["www.example.com", "A", "198.51.100.7"]), spf("v=spf1 a:www.example.com -all")),
    "spf-permits-address",
  ),
  row(
    "a of an alias of the host",
    all(there(["alias.example.com", "CNAME", "okmail.example.com"]), spf("v=spf1 a:alias.example.com -all")),
    "passes",
  ),
  row("a in a network", spf("v=spf1 a:okmail.example.com/24 -all"), "passes"),
  row("mx of the domain", spf("v=spf1 mx -all"), "passes"),
  row(
    "mx of the domain, whose exchanger is another host",
    all(
      there(["in.example.com", "A", "198.51.100.7"]),
      set("mx-okmail", { content: "in.example.com" }),
      spf("v=spf1 mx -all"),
    ),
    "spf-permits-address",
  ),
  row(
    "mx of the domain without an MX record",
    all(
      without("mx-okmail"),
      adding(declare.record("apex", "example.com", "A", "198.51.100.7")),
      spf("v=spf1 mx -all"),
    ),
    "spf-permits-address",
  ),
  row("ptr", spf("v=spf1 ptr -all"), "passes"),
  row("ptr of another domain", spf("v=spf1 ptr:example.net -all"), "spf-permits-address"),
  row(
    "redirect to a record that permits the host",
    all(
      there(["_spf.example.com", "TXT", text`v=spf1 ip4:${own} -all`]),
      spf("v=spf1 redirect=_spf.example.com"),
    ),
    "passes",
  ),
  row(
    "redirect to a record that permits another",
    all(
      there(["_spf.example.com", "TXT", "v=spf1 ip4:198.51.100.7 -all"]),
      spf("v=spf1 redirect=_spf.example.com"),
    ),
    "spf-permits-address",
  ),
  row("redirect to nothing", spf("v=spf1 redirect=nothing.example.com"), "spf-is-valid"),
  row(
    "two redirects",
    all(
      there(["_spf.example.com", "TXT", text`v=spf1 ip4:${own} -all`]),
      spf("v=spf1 redirect=_spf.example.com redirect=_spf.example.com"),
    ),
    "spf-is-valid",
  ),
  row(
    "redirect after all, which is never read",
    spf(text`v=spf1 ip4:${own} -all redirect=nothing.example.com`),
    "passes",
  ),
  row(
    "exists of a name that is there",
    all(there(["yes.example.com", "A", "127.0.0.2"]), spf("v=spf1 exists:yes.example.com -all")),
    "spf-not-for-everyone",
    everyone,
  ),
  row("exists of a name that isn't", spf("v=spf1 exists:no.example.com -all"), "spf-permits-address"),
  row(
    "exists by the HELO name",
    all(
      there(["okmail.example.com._h.example.com", "A", "127.0.0.2"]),
      spf("v=spf1 exists:%{h}._h.example.com -all"),
    ),
    "passes",
  ),
  row(
    "exists by the sender's domain",
    all(
      there(["example.com._d.example.com", "A", "127.0.0.2"]),
      spf("v=spf1 exists:%{d}._d.example.com -all"),
    ),
    "passes",
  ),
  row(
    "exists by the address",
    all(there(["*._i.example.com", "A", "127.0.0.2"]), spf(text`v=spf1 exists:%{i}._i.example.com -all`)),
    "passes",
  ),
  row(
    "exists by the address, which isn't there",
    spf("v=spf1 exists:%{ir}._i.example.com -all"),
    "spf-permits-address",
    {
      differs: {
        preview: "the name to ask for depends on an address that is not allocated yet; up judges it",
      },
    },
  ),
  row(
    "include by a macro",
    all(
      there(["_spf.example.com", "TXT", text`v=spf1 ip4:${own} -all`]),
      spf("v=spf1 include:_spf.%{d} -all"),
    ),
    "passes",
  ),
  row(
    "a macro that doesn't exist",
    spf(text`v=spf1 exists:%{z}.example.com ip4:${own} -all`),
    "spf-is-valid",
  ),
  row("an explanation that isn't there", spf("v=spf1 exp=why.example.com -all"), "spf-permits-address"),

  row("HELO: no record", without("okmail-spf"), "passes"),
  row("HELO: -all", heloSpf("v=spf1 -all"), "spf-permits-helo"),
  row("HELO: softfail", heloSpf("v=spf1 ~all"), "passes"),
  row("HELO: another address", heloSpf("v=spf1 ip4:198.51.100.7 -all"), "spf-permits-helo"),
  row("HELO: syntax fault", heloSpf(text`v=spf1 ip4:${own} foo -all`), "spf-is-valid"),
  row(
    "HELO: two records",
    adding(declare.record("again", "okmail.example.com", "TXT", '"v=spf1 -all"')),
    "spf-is-valid",
  ),
  row("HELO: +all", heloSpf("v=spf1 +all"), "spf-not-for-everyone", everyone),
  row("HELO: the a mechanism", heloSpf("v=spf1 a -all"), "passes"),
  row("wildcard SPF at the HELO name", all(set("okmail-spf", { name: "*.example.com" })), "passes"),
  row(
    "the address of another Elastic IP of the stack",
    all(
      before("spf", declare.eip("spare-address", { domain: "vpc" })),
      spf(text`${permitting("spare")} -all`),
    ),
    "spf-permits-address",
  ),
  row("nothing", unchanged, "passes"),
];
