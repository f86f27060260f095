import { declare, goodStack } from "../good-stack.ts";
import { adding, all, before, dropping, set, without } from "../mutation.ts";
import { because, liveDns, receivers, rowsOn } from "../row.ts";

const row = rowsOn("MX", goodStack("okmail"));
const mx = (content: string) => set("mx-okmail", { content });
const lost = { differs: receivers(because.bounces) };
const a = (name: string, content = "198.51.100.7") =>
  before("mx-okmail", declare.record("exchanger", name, "A", content));

/** Whether the MAIL FROM domain takes bounces. */
export const mxRows = [
  row("another host of the plan", all(a("mx.example.com"), mx("mx.example.com")), "passes"),
  row("in capitals with a final dot", mx("OKMAIL.example.COM."), "passes"),
  row("a host without an address", mx("mx.example.com"), "mx-resolves", lost),
  row("one letter off", mx("okmai1.example.com"), "mx-resolves", lost),
  row(
    "an alias of the host",
    all(
      before("mx-okmail", declare.record("alias", "mx.example.com", "CNAME", "okmail.example.com")),
      mx("mx.example.com"),
    ),
    "mx-resolves",
    lost,
  ),
  row("an address in place of a name", mx("192.0.2.10"), "mx-resolves", {
    ...lost,
    refused: "hostname (and not an IP address)",
  }),
  row(
    "a proxied name",
    all(
      before(
        "mx-okmail",
        declare.record("exchanger", "mx.example.com", "A", "198.51.100.7", { proxied: true, ttl: 1 }),
      ),
      mx("mx.example.com"),
    ),
    "mail-name-not-proxied",
    {
      differs: {
        ...liveDns("over live DNS a proxied name is one like any other"),
        ...receivers(because.bounces),
      },
    },
  ),
  row(
    "a name with only an IPv6 address",
    all(
      before("mx-okmail", declare.record("six", "mx.example.com", "AAAA", "2001:db8::7")),
      mx("mx.example.com"),
    ),
    "passes",
  ),
  row(
    "a second exchanger without an address",
    adding(declare.record("backup", "example.com", "MX", "backup.example.com", { priority: 20 })),
    "mx-resolves",
    lost,
  ),
  row("a host outside the plan", mx("mx.example.org"), "passes", {
    differs: liveDns("the pack asks no live DNS, so it can't know that the host doesn't exist"),
  }),
  row("none, and no address of the domain", without("mx-okmail"), "mx-resolves"),
  row(
    "none, but an address of the domain",
    all(without("mx-okmail"), adding(declare.record("apex", "example.com", "A", "198.51.100.7"))),
    "passes",
  ),
  row("a null MX", set("mx-okmail", { content: ".", priority: 0 }), "passes", {
    differs: receivers("RFC 7505 4.2 lets receivers refuse such a sender and does not ask them to: advisory"),
  }),
  row(
    "a null MX beside another",
    adding(declare.record("null", "example.com", "MX", ".", { priority: 0 })),
    "mx-resolves",
  ),
  row("at a wildcard name only", set("mx-okmail", { name: "*.example.com" }), "mx-resolves"),
  row("at the HELO name only", set("mx-okmail", { name: "okmail.example.com" }), "mx-resolves"),
  row(
    "target and priority in data",
    all(
      dropping("mx-okmail", "content", "priority"),
      set("mx-okmail", { data: { target: "okmail.example.com", priority: 10 } }),
    ),
    "passes",
  ),
];
