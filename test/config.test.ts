import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { describeFaults } from "../config-faults.ts";
import { parseConfiguration } from "../config.ts";

const zoneId = "023e105f4ecef8ad9ca31a8372d0c353";
const good = { "aws:region": "eu-central-1", "okmail:domain": "example.com", "okmail:zoneId": zoneId };

/** As the engine hands it over: structured settings as JSON, everything else as text. */
function raw(settings: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

const faults = (settings: Record<string, unknown>) =>
  parseConfiguration(raw({ ...good, ...settings })).faults;

describe("a right configuration", () => {
  test("needs a region, a domain and a zone, and gets documented defaults for the rest", () => {
    expect(parseConfiguration(raw(good))).toEqual({
      faults: [],
      configuration: {
        domain: "example.com",
        zoneId,
        hosts: [{ key: "okmail", name: "okmail" }],
        instanceType: "t4g.small",
        spf: { all: "fail", a: false, mx: false, includes: [], ip4: [] },
        dkim: { selector: "okmail1", bits: 2048 },
        dmarc: { policy: "none", rua: [], ruf: [], testing: false },
        mailExchangers: [],
        tls: { certificate: "acme" },
        ttl: 300,
        queueVolumeSize: 20,
        keepAddresses: true,
        keepQueues: true,
      },
    });
  });

  test("takes the region from the environment", () => {
    expect(parseConfiguration(raw({ ...good, "aws:region": undefined }), "eu-west-1").faults).toEqual([]);
  });

  test("loses case and the final dot of names", () => {
    const { configuration } = parseConfiguration(
      raw({ ...good, "okmail:domain": "Example.COM.", "okmail:spf": { includes: ["_SPF.Example.net."] } }),
    );
    expect(configuration).toMatchObject({ domain: "example.com", spf: { includes: ["_spf.example.net"] } });
  });

  test("keeps a host's key apart from its name, and lets a host be written without settings", () => {
    const { configuration } = parseConfiguration(
      raw({ ...good, "okmail:hosts": { okmail: { name: "mx1" }, okmail2: null } }),
    );
    expect(configuration?.hosts).toEqual([
      { key: "okmail", name: "mx1" },
      { key: "okmail2", name: "okmail2" },
    ]);
  });

  test("takes what each setting may be", () => {
    const settings = {
      "okmail:dkim": { selector: "okmail2", ed25519Selector: "okmail1e", standbySelector: "okmail1" },
      "okmail:submission": { users: ["app", "web-shop.eu_1"] },
      "okmail:tls": {
        acmeDirectory: "https://ca.example.net/directory",
        acmeEmail: "ops@example.net",
        caa: "Example.NET.",
      },
      "okmail:mtaSts": {},
      "okmail:tlsRpt": { rua: ["tls@example.com"] },
      "okmail:dane": {},
    };
    const { configuration, faults: none } = parseConfiguration(raw({ ...good, ...settings }));
    expect(none).toEqual([]);
    expect(configuration).toMatchObject({
      submission: { messagesPerHour: 500 },
      tls: { certificate: "acme", caa: "example.net" },
      mtaSts: { mode: "testing", maxAge: 604_800 },
      dane: { key: "key1", dnssec: true },
    });
  });

  test("lets news go to a topic, elsewhere, or to the domain where others take its mail", () => {
    const topic = "arn:aws-cn:sns:cn-north-1:123456789012:okmail_1";
    expect(faults({ "okmail:watch": { topic } })).toEqual([]);
    expect(faults({ "okmail:watch": { mail: "ops@example.net" } })).toEqual([]);
    const elsewhere = { "okmail:mailExchangers": ["mx.example.net"] };
    expect(faults({ ...elsewhere, "okmail:watch": { mail: "ops@example.com" } })).toEqual([]);
  });

  test("lets other hosts' certificates be enforced, whatever its own are", () => {
    const settings = {
      "okmail:mailExchangers": ["mx.example.net"],
      "okmail:tls": { certificate: "self-signed" },
      "okmail:mtaSts": { mode: "enforce" },
    };
    expect(faults(settings)).toEqual([]);
  });

  test("lets other namespaces alone", () => {
    expect(faults({ "cloudflare:apiToken": "token", "pulumi:tags": { a: "b" } })).toEqual([]);
  });

  test.each(["prod", "local"])("stands in Pulumi.%s.yaml", (stack) => {
    const { config } = parse(readFileSync(`Pulumi.${stack}.yaml`, "utf8")) as {
      config: Record<string, unknown>;
    };
    expect(parseConfiguration(raw(config)).faults).toEqual([]);
  });
});

describe("a wrong setting is refused with its key, its value, the reason and an example", () => {
  test.each<[string, Record<string, unknown>, key: string, value: string | undefined, fault: RegExp]>([
    ["no region", { "aws:region": undefined }, "aws:region", undefined, /missing/],
    ["GovCloud", { "aws:region": "us-gov-west-1" }, "aws:region", "us-gov-west-1", /GovCloud/],
    ["no domain", { "okmail:domain": undefined }, "okmail:domain", undefined, /missing/],
    [
      "a domain with a space",
      { "okmail:domain": "exa mple.com" },
      "okmail:domain",
      '"exa mple.com"',
      /space|character/,
    ],
    [
      "a domain of one label",
      { "okmail:domain": "localhost" },
      "okmail:domain",
      '"localhost"',
      /label|qualified/,
    ],
    ["an address for a domain", { "okmail:domain": "192.0.2.1" }, "okmail:domain", '"192.0.2.1"', /./],
    ["no zone", { "okmail:zoneId": undefined }, "okmail:zoneId", undefined, /missing/],
    [
      "a zone's name for its id",
      { "okmail:zoneId": "example.com" },
      "okmail:zoneId",
      '"example.com"',
      /zone id/,
    ],
    [
      "a host name with a dot",
      { "okmail:hosts": { okmail: { name: "a.b" } } },
      "okmail:hosts.okmail.name",
      '"a.b"',
      /dot/,
    ],
    [
      "a host name in capitals",
      { "okmail:hosts": { okmail: { name: "OkMail" } } },
      "okmail:hosts.okmail.name",
      '"OkMail"',
      /capital/,
    ],
    [
      "a host name with an underscore",
      { "okmail:hosts": { okmail: { name: "ok_mail" } } },
      "okmail:hosts.okmail.name",
      '"ok_mail"',
      /underscore/,
    ],
    ["a host key with a dot", { "okmail:hosts": { "a.b": {} } }, "okmail:hosts", "a.b", /dot/],
    ["hosts that are a list", { "okmail:hosts": ["okmail"] }, "okmail:hosts", '["okmail"]', /map/],
    ["no host at all", { "okmail:hosts": {} }, "okmail:hosts", "{}", /no host/],
    [
      "two hosts of one name",
      { "okmail:hosts": { a: { name: "okmail" }, okmail: {} } },
      "okmail:hosts.okmail.name",
      undefined,
      /name okmail of a too/,
    ],
    [
      "two hosts with one address",
      {
        "okmail:hosts": {
          a: { allocationId: "eipalloc-0a1b2c3d" },
          b: { allocationId: "eipalloc-0a1b2c3d" },
        },
      },
      "okmail:hosts.b.allocationId",
      '"eipalloc-0a1b2c3d"',
      /as a does/,
    ],
    [
      "an address for an allocation id",
      { "okmail:hosts": { a: { allocationId: "192.0.2.1" } } },
      "okmail:hosts.a.allocationId",
      '"192.0.2.1"',
      /allocation id/,
    ],
    [
      "a HELO name that is too long",
      { "okmail:domain": `${"a.".repeat(123)}example`, "okmail:hosts": { okmail: {} } },
      "okmail:hosts.okmail",
      undefined,
      /HELO/,
    ],
    [
      "an include that is no domain",
      { "okmail:spf": { includes: ["spf"] } },
      "okmail:spf.includes[0]",
      '"spf"',
      /./,
    ],
    [
      "an include of the domain itself",
      { "okmail:spf": { includes: ["example.com"] } },
      "okmail:spf.includes[0]",
      '"example.com"',
      /itself/,
    ],
    [
      "ip4 that is no IPv4",
      { "okmail:spf": { ip4: ["2001:db8::1"] } },
      "okmail:spf.ip4[0]",
      '"2001:db8::1"',
      /IPv4/,
    ],
    [
      "ip4 that is private",
      { "okmail:spf": { ip4: ["203.0.113.1", "10.0.0.1"] } },
      "okmail:spf.ip4[1]",
      '"10.0.0.1"',
      /private/,
    ],
    [
      "a prefix that is too wide",
      { "okmail:spf": { ip4: ["8.0.0.0/8"] } },
      "okmail:spf.ip4[0]",
      '"8.0.0.0/8"',
      /wide/,
    ],
    [
      "an unknown SPF ending",
      { "okmail:spf": { all: "pass" } },
      "okmail:spf.all",
      '"pass"',
      /fail, softfail/,
    ],
    ["SPF settings that are text", { "okmail:spf": "-all" }, "okmail:spf", '"-all"', /map/],
    ["a flag that is text", { "okmail:spf": { mx: "yes" } }, "okmail:spf.mx", '"yes"', /true or false/],
    [
      "an invalid DKIM selector",
      { "okmail:dkim": { selector: "a b" } },
      "okmail:dkim.selector",
      '"a b"',
      /./,
    ],
    ["a short DKIM key", { "okmail:dkim": { bits: 1024 } }, "okmail:dkim.bits", "1024", /2048/],
    [
      "an unknown DMARC policy",
      { "okmail:dmarc": { policy: "block" } },
      "okmail:dmarc.policy",
      '"block"',
      /none, quarantine, reject/,
    ],
    [
      "a rua that is no address",
      { "okmail:dmarc": { rua: ["mailto:a@example.com"] } },
      "okmail:dmarc.rua[0]",
      '"mailto:a@example.com"',
      /./,
    ],
    [
      "a rua that is no list",
      { "okmail:dmarc": { rua: "a@example.com" } },
      "okmail:dmarc.rua",
      '"a@example.com"',
      /list/,
    ],
    ["a TTL out of range", { "okmail:ttl": 30 }, "okmail:ttl", "30", /60 to 86400/],
    ["a TTL that is text", { "okmail:ttl": "soon" }, "okmail:ttl", '"soon"', /number/],
    [
      "a bounce address without effect",
      { "okmail:mailExchangers": ["mx.example.net"], "okmail:bounceAddress": "ops@example.net" },
      "okmail:bounceAddress",
      '"ops@example.net"',
      /no effect/,
    ],
    [
      "a bounce address that leads back here",
      { "okmail:bounceAddress": "ops@okmail.example.com" },
      "okmail:bounceAddress",
      '"ops@okmail.example.com"',
      /circle/,
    ],
    [
      "a report address that the hosts can't take",
      { "okmail:dmarc": { rua: ["dmarc/in@example.com"] } },
      "okmail:dmarc.rua[0]",
      '"dmarc/in@example.com"',
      /other characters/,
    ],
    [
      "one selector for two keys",
      { "okmail:dkim": { selector: "okmail2", standbySelector: "okmail2" } },
      "okmail:dkim.standbySelector",
      '"okmail2"',
      /key of okmail:dkim\.selector too/,
    ],
    [
      "one selector for an Ed25519 key and the default one",
      { "okmail:dkim": { ed25519Selector: "okmail1" } },
      "okmail:dkim.ed25519Selector",
      '"okmail1"',
      /key of okmail:dkim\.selector too/,
    ],
    [
      "one selector for Ed25519 and standby",
      { "okmail:dkim": { ed25519Selector: "e", standbySelector: "e" } },
      "okmail:dkim.standbySelector",
      '"e"',
      /key of okmail:dkim\.ed25519Selector too/,
    ],
    ["news for nobody", { "okmail:watch": {} }, "okmail:watch", "{}", /either mail, an address, or topic/],
    [
      "news by two ways",
      { "okmail:watch": { mail: "a@example.net", topic: "arn:aws:sns:eu-central-1:123456789012:okmail" } },
      "okmail:watch",
      '{"mail":"a@example.net","topic":"arn:aws:sns:eu-central-1:123456789012:okmail"}',
      /either mail, an address, or topic/,
    ],
    [
      "a topic's name for its ARN",
      { "okmail:watch": { topic: "okmail" } },
      "okmail:watch.topic",
      '"okmail"',
      /no ARN of an SNS topic/,
    ],
    [
      "a FIFO topic",
      { "okmail:watch": { topic: "arn:aws:sns:eu-central-1:123456789012:okmail.fifo" } },
      "okmail:watch.topic",
      '"arn:aws:sns:eu-central-1:123456789012:okmail.fifo"',
      /FIFO topic, which sends no mail/,
    ],
    ["news for a name", { "okmail:watch": { mail: "ops" } }, "okmail:watch.mail", '"ops"', /./],
    [
      "news for an address of the hosts themselves",
      { "okmail:watch": { mail: "ops@Okmail.example.com" } },
      "okmail:watch.mail",
      '"ops@Okmail.example.com"',
      /stay on the host that it is about/,
    ],
    [
      "news for a misspelt topic",
      { "okmail:watch": { topc: "x" } },
      "okmail:watch.topc",
      '"x"',
      /did you mean okmail:watch\.topic/,
    ],
    [
      "submission by nobody",
      { "okmail:submission": { users: [] } },
      "okmail:submission.users",
      "[]",
      /nobody/,
    ],
    [
      "submission without users",
      { "okmail:submission": {} },
      "okmail:submission.users",
      undefined,
      /missing/,
    ],
    [
      "a user with a domain",
      { "okmail:submission": { users: ["app@example.com"] } },
      "okmail:submission.users[0]",
      '"app@example.com"',
      /no user name/,
    ],
    [
      "a user in capitals",
      { "okmail:submission": { users: ["App"] } },
      "okmail:submission.users[0]",
      '"App"',
      /lower case/,
    ],
    [
      "a user with a slash, which parts SSM parameters",
      { "okmail:submission": { users: ["a/b"] } },
      "okmail:submission.users[0]",
      '"a/b"',
      /no user name/,
    ],
    [
      "a user that is named twice",
      { "okmail:submission": { users: ["app", "shop", "app"] } },
      "okmail:submission.users[2]",
      '"app"',
      /twice/,
    ],
    [
      "no message an hour",
      { "okmail:submission": { users: ["app"], messagesPerHour: 0 } },
      "okmail:submission.messagesPerHour",
      "0",
      /1 to 100000 messages/,
    ],
    [
      "an unknown kind of certificate",
      { "okmail:tls": { certificate: "letsencrypt" } },
      "okmail:tls.certificate",
      '"letsencrypt"',
      /none of acme, self-signed/,
    ],
    [
      "an authority's directory without HTTPS",
      { "okmail:tls": { acmeDirectory: "http://ca.example.net/directory" } },
      "okmail:tls.acmeDirectory",
      '"http://ca.example.net/directory"',
      /no https URL/,
    ],
    [
      "an authority's name for its directory",
      { "okmail:tls": { acmeDirectory: "letsencrypt" } },
      "okmail:tls.acmeDirectory",
      '"letsencrypt"',
      /no URL/,
    ],
    [
      "an authority that has nothing to do",
      { "okmail:tls": { certificate: "self-signed", caa: "letsencrypt.org" } },
      "okmail:tls.caa",
      '"letsencrypt.org"',
      /no effect/,
    ],
    [
      "a policy that no certificate satisfies",
      { "okmail:tls": { certificate: "self-signed" }, "okmail:mtaSts": { mode: "enforce" } },
      "okmail:mtaSts.mode",
      '"enforce"',
      /keep all mail away/,
    ],
    [
      "a policy that lives too short",
      { "okmail:mtaSts": { maxAge: 60 } },
      "okmail:mtaSts.maxAge",
      "60",
      /86400 to 31557600/,
    ],
    ["DANE switched on as if it were a switch", { "okmail:dane": true }, "okmail:dane", "true", /not a map/],
    [
      "DANE for other people's keys",
      { "okmail:mailExchangers": ["mx.example.net"], "okmail:dane": {} },
      "okmail:dane",
      "{}",
      /mailExchangers sends mail elsewhere/,
    ],
    ["a key for TLS without a name", { "okmail:dane": { key: "Key 1" } }, "okmail:dane.key", '"Key 1"', /./],
    [
      "one key for TLS in two parts",
      { "okmail:dane": { key: "key1", standbyKey: "key1" } },
      "okmail:dane.standbyKey",
      '"key1"',
      /the key of okmail:dane\.key too/,
    ],
    [
      "a misspelt setting of DANE",
      { "okmail:dane": { standby: "key2" } },
      "okmail:dane.standby",
      '"key2"',
      /no setting of okmail/,
    ],
    ["TLS reports to nobody", { "okmail:tlsRpt": { rua: [] } }, "okmail:tlsRpt.rua", "[]", /no address/],
    [
      "a TLS report address that the hosts can't take",
      { "okmail:tlsRpt": { rua: ["tls/in@example.com"] } },
      "okmail:tlsRpt.rua[0]",
      '"tls/in@example.com"',
      /other characters/,
    ],
    ["a volume of no size", { "okmail:queueVolumeSize": 0 }, "okmail:queueVolumeSize", "0", /1 to 16384 GiB/],
    [
      "a volume of half a GiB",
      { "okmail:queueVolumeSize": 1.5 },
      "okmail:queueVolumeSize",
      "1.5",
      /whole number/,
    ],
    [
      "a misspelt setting",
      { "okmail:domian": "example.com" },
      "okmail:domian",
      '"example.com"',
      /did you mean okmail:domain\?/,
    ],
    [
      "a misspelt nested setting",
      { "okmail:spf": { include: ["_spf.example.net"] } },
      "okmail:spf.include",
      '["_spf.example.net"]',
      /did you mean okmail:spf\.includes\?/,
    ],
    [
      "a misspelt host setting",
      { "okmail:hosts": { okmail: { subnet: "subnet-1" } } },
      "okmail:hosts.okmail.subnet",
      '"subnet-1"',
      /did you mean okmail:hosts\.subnetId\?/,
    ],
    [
      "a setting like no other",
      { "okmail:zzzzzzzzzz": "1" },
      "okmail:zzzzzzzzzz",
      "1",
      /no setting of okmail$/,
    ],
  ])("%s", (_, settings, key, value, fault) => {
    const found = faults(settings).filter((each) => each.key === key);
    expect(found, JSON.stringify(faults(settings))).toHaveLength(1);
    expect(found[0]?.fault).toMatch(fault);
    if (value !== undefined) expect(found[0]?.value).toBe(value);
    expect(found[0]?.example).toMatch(/^(okmail|aws):\w+: \S/);
  });
});

test("all faults are told at once", () => {
  const found = faults({
    "okmail:domain": "exa mple",
    "okmail:zoneId": undefined,
    "okmail:dmarc": { policy: "block", rua: ["nobody"] },
    "okmail:hots": {},
  });
  expect(found.map(({ key }) => key).toSorted()).toEqual([
    "okmail:dmarc.policy",
    "okmail:dmarc.rua[0]",
    "okmail:domain",
    "okmail:hots",
    "okmail:zoneId",
  ]);
  const text = describeFaults(found);
  for (const { key, fault, example } of found)
    for (const part of [key, fault, example]) expect(text).toContain(part);
  expect(text).toMatch(/^5 settings are wrong/);
});

test("the examples in the messages are right themselves", () => {
  for (const fault of faults({
    "okmail:spf": 1,
    "okmail:dkim": 1,
    "okmail:dmarc": 1,
    "okmail:submission": 1,
    "okmail:tls": 1,
    "okmail:mtaSts": 1,
    "okmail:tlsRpt": 1,
    "okmail:queueVolumeSize": "x",
    "okmail:keepQueues": 1,
    "okmail:ttl": "x",
    "okmail:hosts": 1,
  })) {
    const { config } = parse(`config:\n  ${fault.example}`) as { config: Record<string, unknown> };
    expect(parseConfiguration(raw({ ...good, ...config })).faults).toEqual([]);
  }
});
