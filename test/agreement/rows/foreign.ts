import { ip, output, text, type Declared, type Stack } from "../declared.ts";
import { declare, goodStack, rawStack, ZONE } from "../good-stack.ts";
import { adding, all, before, change, set, unchanged, without } from "../mutation.ts";
import { because, receivers, rowsOn } from "../row.ts";

const raw = rowsOn("raw resources", rawStack("okmail"));
const spf = (content: ReturnType<typeof text> | string) => set("spf", { content });
const own = ip("okmail");
const unread = { differs: { preview: because.textUnknown } };

/** Stacks without our components: no template tells an SPF text before the address is allocated. */
export const rawRows = [
  raw("nothing", unchanged, "passes"),
  raw("no A", without("okmail-a"), "a-matches-address", { refused: "there is no A record" }),
  raw("no PTR", without("okmail-ptr"), "ptr-matches-helo"),
  raw("SPF permits another address", spf('"v=spf1 ip4:198.51.100.7 -all"'), "spf-permits-address"),
  raw(
    "SPF of another Elastic IP",
    all(
      before("spf", declare.eip("spare-address", { domain: "vpc" })),
      spf(text`"v=spf1 ip4:${ip("spare")} -all"`),
    ),
    "spf-permits-address",
    unread,
  ),
  raw("SPF with +all after the address", spf(text`"v=spf1 ip4:${own} +all"`), "spf-not-for-everyone", {
    differs: { ...unread.differs, ...receivers(because.everyone) },
  }),
  raw(
    "SPF with a syntax fault after the address",
    spf(text`"v=spf1 ip4:${own} foo -all"`),
    "spf-is-valid",
    unread,
  ),
  raw("SPF that fails the address", spf(text`"v=spf1 -ip4:${own} -all"`), "spf-permits-address", unread),
  raw(
    "a second SPF record",
    adding(declare.record("again", "example.com", "TXT", '"v=spf1 -all"')),
    "spf-is-valid",
  ),
  raw(
    "HELO SPF that fails the address",
    set("okmail-spf", { content: text`"v=spf1 -ip4:${own} -all"` }),
    "spf-permits-helo",
    unread,
  ),
  rowsOn("raw resources", rawStack("okmail", "second"))(
    "two hosts, SPF forgets one",
    spf(text`"v=spf1 ip4:${own} -all"`),
    "spf-permits-address",
    unread,
  ),
  rowsOn("raw resources", rawStack("okmail", "second"))(
    "two hosts, A records swapped",
    all(set("okmail-a", { content: ip("second") }), set("second-a", { content: own })),
    "a-matches-address",
    { refused: "must hold" },
  ),
];

const good = goodStack("okmail");

/** The same records by Route 53: quoted values in a list, MX with its priority. */
const route53: Stack = good
  .filter(({ name }) => name !== "records")
  .map((resource): Declared => {
    if (resource.type !== "cloudflare:index/dnsRecord:DnsRecord") return resource;
    const { name = "", type = "", content = "" } = resource.inputs;
    const value = type === "MX" && typeof content === "string" ? `10 ${content}` : content;
    return declare.route53Record(resource.name, {
      zoneId: "Z0123456789",
      name,
      type,
      ttl: 300,
      records: [value],
    });
  });
const aws = rowsOn("Route 53", route53);

const older: Stack = good.map((resource): Declared =>
  resource.type === "cloudflare:index/dnsRecord:DnsRecord"
    ? { ...resource, type: "cloudflare:index/record:Record" }
    : resource,
);
const old = rowsOn("older Cloudflare records", older);

const zoned: Stack = [
  declare.cloudflareZone("zone", { name: ZONE.name, account: { id: "x" } }),
  ...good.map((resource): Declared =>
    "zoneId" in resource.inputs
      ? { ...resource, inputs: { ...resource.inputs, zoneId: output("zone", "id") } }
      : resource,
  ),
];
const zone = rowsOn("a zone of the plan", zoned);

/** Records of other kinds than ours. */
export const recordRows = [
  aws("nothing", unchanged, "passes"),
  aws("no A", without("okmail-a"), "a-matches-address", { refused: "there is no A record" }),
  aws("A with two values, one the host's", set("okmail-a", { records: [own, "198.51.100.7"] }), "passes"),
  aws("A with somebody else's value", set("okmail-a", { records: ["198.51.100.7"] }), "a-matches-address", {
    refused: "but it holds",
  }),
  aws(
    "two SPF values in one record set",
    set("spf", { records: [text`"v=spf1 ip4:${own} -all"`, '"v=spf1 -all"'] }),
    "spf-is-valid",
  ),
  aws(
    "an MX value that doesn't resolve",
    set("mx-okmail", { records: ["10 okmail.example.com", "20 backup.example.com"] }),
    "mx-resolves",
    { differs: receivers(because.bounces) },
  ),
  aws(
    "an alias in place of A",
    change("okmail-a", (record) => ({
      ...record,
      inputs: { ...record.inputs, type: "CNAME", records: ["nothing.example.com"] },
    })),
    "a-matches-address",
    { refused: "CNAME" },
  ),
  old("nothing", unchanged, "passes"),
  old("A with somebody else's address", set("okmail-a", { content: "198.51.100.7" }), "a-matches-address", {
    refused: "but it holds",
  }),
  old("A is proxied", set("okmail-a", { proxied: true, ttl: 1 }), "mail-name-not-proxied", {
    refused: "but it holds",
  }),
  zone(
    "names relative to it",
    all(
      set("okmail-a", { name: "okmail" }),
      set("spf", { name: "@" }),
      set("okmail-spf", { name: "okmail" }),
    ),
    "passes",
  ),
  zone("A at a relative name one letter off", set("okmail-a", { name: "0kmail" }), "a-matches-address", {
    refused: "there is no A record",
  }),
];
