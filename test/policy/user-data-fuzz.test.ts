import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SymbolTable } from "../../mail/symbol.ts";
import { openRelaySettings } from "../../policy/open-relay.ts";
import { readPlan } from "../../policy/plan.ts";
import { plannedZone } from "../../policy/planned-zone.ts";
import { findSenders } from "../../policy/senders.ts";
import { readUserData } from "../../policy/user-data.ts";
import { answerOf } from "../helpers/answer-of.ts";
import { declare, unknown } from "../helpers/planned-stack.ts";

/** Reads user data in every way, and says how long that took, in milliseconds. */
function read(plain: string | undefined, base64?: string): number {
  const started = performance.now();
  const configuration = readUserData(plain, base64);
  for (const name of ["smtp_helo_name", "myhostname", "mynetworks"]) configuration.parameter(name);
  openRelaySettings(configuration.mainCf);
  return performance.now() - started;
}

/** More than any honest user data takes, on a slow machine too. */
const limit = 5_000;

/** Pieces of which user data is made, so that noise gets past the first line. */
const pieces = [
  "#cloud-config\n",
  "#!/bin/sh\n",
  "## template: jinja\n",
  "#cloud-config-archive\n",
  "MIME-Version: 1.0\n",
  "Content-Type: multipart/mixed; boundary=x\n",
  "--x\n",
  "\n\n",
  "runcmd:\n",
  "- postconf -e ",
  "write_files:\n",
  "- path: /etc/postfix/main.cf\n",
  "  content: |\n    ",
  "  encoding: gz+b64\n",
  "myhostname = ",
  "$myhostname",
  "cat > /etc/postfix/main.cf <<EOF\n",
  "EOF\n",
  "if ",
  "then\n",
  "fi\n",
  "case x in ",
  "esac\n",
  "$(",
  "${",
  "`",
  "'",
  '"',
  "\\",
  "|",
  "&&",
  ">",
  ">>",
  "<<-",
  "{{",
  "{%",
  "}}",
  "&a ",
  "*a",
  "[",
  "{",
  "!!binary ",
  "\t",
  "\r\n",
  "\0",
  "\u{2028}",
  "é",
  "postconf -X ",
  "sed -i 's/a/b/' /etc/postfix/main.cf\n",
  "eval ",
  "sh -c ",
  "A=$A$A\n",
  "smtpd_relay_restrictions = ",
  "mynetworks = ",
];
const scrap = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 12 })), { maxLength: 300 })
  .map((parts) => parts.join("").slice(0, 16_384));

describe("whatever user data is, it is read without error and soon", () => {
  it("noise", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 16_384, size: "max" }), (octets) => {
        expect(read(undefined, Buffer.from(octets).toString("base64"))).toBeLessThan(limit);
      }),
      { numRuns: 60 },
    );
  });

  it("any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 4_000, size: "max" }), (text) => {
        expect(read(text)).toBeLessThan(limit);
      }),
      { numRuns: 60 },
    );
  });

  it("scraps of user data", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("#cloud-config\n", "#!/bin/sh\n", "MIME-Version: 1.0\n", ""),
        scrap,
        (start, text) => {
          expect(read(start + text)).toBeLessThan(limit);
        },
      ),
      { numRuns: 400 },
    );
  });

  it("broken gzip", () => {
    fc.assert(
      fc.property(scrap, fc.nat(200), fc.nat(255), (text, at, octet) => {
        const octets = gzipSync(`#cloud-config\n${text}`);
        octets[at % octets.length] = octet;
        expect(read(undefined, octets.toString("base64"))).toBeLessThan(limit);
      }),
      { numRuns: 100 },
    );
  });

  const repeat = (text: string) => text.repeat(Math.ceil(16_384 / text.length)).slice(0, 16_384);
  const traps: readonly (readonly [title: string, text: string])[] = [
    ["16 KB of noise that is never base64", repeat("\u{0}\u{1}ÿ")],
    ["16 KB that look like base64", repeat("QUJD")],
    ["substitutions that never close", `#!/bin/sh\n${repeat("$(")}`],
    ["quotes that never close", `#!/bin/sh\n${repeat("\"$('")}`],
    ["braces that never close", `#!/bin/sh\n${repeat("${a")}`],
    ["here-documents that never end", `#!/bin/sh\n${repeat("cat <<E\n")}`],
    ["a variable that doubles itself", `#!/bin/sh\nA=x\n${repeat("A=$A$A\n")}`],
    ["a file that doubles itself", `#!/bin/sh\necho x >/a\n${repeat("cat /a /a >>/a\n")}`],
    ["a script that runs itself", '#!/bin/sh\nS=\'eval "$S"; eval "$S"\'\neval "$S"\n'],
    ["a script file that runs itself", "#!/bin/sh\ncat >/x <<'E'\nsh /x\nsh /x\nE\nsh /x\n"],
    [
      "conditional appends without end",
      `#!/bin/sh\nif x; then\n${repeat("echo a=1 >>/etc/postfix/main.cf\n")}`,
    ],
    ["removals without end", `#!/bin/sh\n${repeat("postconf -X a\n")}`],
    ["wrappers without end", `#!/bin/sh\n${repeat("sudo ")}`],
    [
      "parameters that double each other",
      `#!/bin/sh\npostconf -e myhostname='$a0' ${Array.from({ length: 200 }, (_, index) => `a${index}='$a${index + 1}$a${index + 1}'`).join(" ")}\n`,
    ],
    ["a parameter of itself", "#!/bin/sh\npostconf -e 'myhostname=$myhostname'\n"],
    [
      "YAML aliases of aliases",
      `#cloud-config\na0: &a0 [x]\n${Array.from({ length: 40 }, (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index},`.repeat(9)}]\n`).join("")}runcmd: *a40\n`,
    ],
    ["YAML lists in lists", `#cloud-config\n${repeat("[")}`],
    ["YAML maps in maps", `#cloud-config\n${repeat("? ")}`],
    ["YAML anchors", `#cloud-config\n${repeat("&a ")}`],
    ["template marks that never close", `## template: jinja\n#cloud-config\n${repeat("{{ ")}`],
    ["MIME in MIME", `MIME-Version: 1.0\n${repeat("Content-Type: multipart/mixed; boundary=x\n\n--x\n")}`],
    ["MIME fields that never end", `MIME-Version: 1.0\nContent-Type: ${repeat(';a="')}`],
    [
      "MIME parts without end",
      `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n${repeat("--x\n")}`,
    ],
    [
      "options of a service without end",
      `#!/bin/sh\necho 'smtp unix - - - - - smtp ${" -o{".repeat(4_000)}' >> /etc/postfix/master.cf\n`,
    ],
    ["a sed script without end", `#!/bin/sh\nsed -i '${repeat("s/a=b/c=d/;")}' /etc/postfix/main.cf\n`],
    [
      "a cloud-config key of every object",
      "#cloud-config\n__proto__: {runcmd: [postconf -e myhostname=x]}\nconstructor: 1\n",
    ],
  ];
  it.each(traps)("%s", (_, text) => {
    expect(read(text)).toBeLessThan(limit);
    expect(read(undefined, gzipSync(text).toString("base64"))).toBeLessThan(limit);
  });
});

describe("whatever a plan holds, it is read without error", () => {
  const value: fc.Arbitrary<unknown> = fc.oneof(
    fc.string(),
    fc.constant(unknown),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.string(), { maxLength: 3 }),
    fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
  );
  const name = fc.oneof(
    fc.constantFrom(
      "@",
      "",
      "*",
      "*.example.com",
      "okmail.example.com",
      ".",
      "..",
      "a..b",
      "example.com.",
      "\\052.x",
      "-_-.example.com",
    ),
    fc.string(),
    fc.string({ unit: "binary" }),
  );
  const record = fc.record({
    name: fc.oneof(name, value),
    type: fc.oneof(fc.constantFrom("A", "MX", "TXT", "CNAME", "NS", "AAAA", "PTR", "SRV"), value),
    content: value,
    zoneId: fc.oneof(fc.constant("z1"), value),
    proxied: value,
    priority: value,
    data: value,
  });
  const allowed = ["ENOTFOUND", "ENODATA", "EUNDETERMINED", "EBADNAME"];

  it("records of any kind are answered, refused or undetermined", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 12 }), name, async (records, asked) => {
        const plan = readPlan(
          records.flatMap((props, index) => [
            declare.record(`c${index}`, props),
            declare.route53Record(`r${index}`, { ...props, records: props.content }),
          ]),
        );
        const zone = plannedZone(plan, { symbols: new SymbolTable() });
        for (const type of ["A", "AAAA", "MX", "TXT", "CNAME", "NS", "PTR"] as const) {
          const answer = await answerOf(zone, asked, type);
          if (!Array.isArray(answer)) expect(allowed).toContain(answer);
        }
        await zone
          .proxied(asked)
          .catch((error: unknown) => expect(error).toMatchObject({ code: "EUNDETERMINED" }));
      }),
      { numRuns: 200 },
    );
  });

  it("instances of any kind are senders or not", () => {
    const props = fc.dictionary(
      fc.constantFrom(
        "userData",
        "userDataBase64",
        "tags",
        "id",
        "subnetId",
        "networkInterfaces",
        "primaryNetworkInterface",
        "instanceId",
        "allocationId",
        "publicIp",
        "routes",
        "natGatewayId",
      ),
      value,
    );
    fc.assert(
      fc.property(fc.array(props, { maxLength: 6 }), (list) => {
        const kinds = [
          declare.instance,
          declare.eip,
          declare.association,
          declare.networkInterface,
          declare.natGateway,
          declare.routeTable,
          declare.route,
          declare.subnet,
        ];
        const plan = readPlan(
          list.flatMap((each, index) => kinds.map((kind, at) => kind(`r${index}-${at}`, each))),
        );
        expect(Array.isArray(findSenders(plan, new SymbolTable()).senders)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it("10,000 TXT records at one name and chains of aliases take no time", async () => {
    const texts = Array.from({ length: 10_000 }, (_, index) =>
      declare.record(`t${index}`, {
        zoneId: "z",
        name: "example.com",
        type: "TXT",
        content: `"text ${index}"`,
      }),
    );
    const aliases = Array.from({ length: 1_000 }, (_, index) =>
      declare.record(`c${index}`, {
        zoneId: "z",
        name: `c${index}.example.com`,
        type: "CNAME",
        content: `c${index + 1}.example.com`,
      }),
    );
    const long = declare.record("long", {
      zoneId: "z",
      name: `${"a.".repeat(20_000)}example.com`,
      type: "A",
      content: "192.0.2.1",
    });
    const plan = readPlan([...texts, ...aliases, long]);
    const started = performance.now();
    const zone = plannedZone(plan, { symbols: new SymbolTable() });
    expect(await answerOf(zone, "example.com", "TXT")).toHaveLength(10_000);
    expect(await answerOf(zone, "c0.example.com", "A")).toBe("ENODATA");
    expect(performance.now() - started).toBeLessThan(limit);
  });
});
