import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  expand,
  forwardFault,
  parseMainCf,
  postfixMainCf,
  postfixSettings,
  type PostfixOptions,
} from "../../mail/postfix.ts";

const sender: PostfixOptions = { helo: "okmail.example.com", domain: "example.com", receivesMail: false };
const exchanger: PostfixOptions = { ...sender, receivesMail: true };

/** A table written as `inline:{ a=b, c=d }`. */
function table(options: PostfixOptions, name: string): Record<string, string> {
  const [, entries = ""] = /^inline:\{ ?(.*?) ?\}$/.exec(postfixSettings(options).get(name) ?? "") ?? [];
  return Object.fromEntries(entries.split(", ").map((entry) => entry.split("=") as [string, string]));
}

describe.each([
  ["a host that only sends", sender],
  ["a host that takes the domain's mail", exchanger],
])("%s", (_, options) => {
  test.each([
    ["myhostname", "okmail.example.com"],
    ["smtp_helo_name", "okmail.example.com"],
    ["mydomain", "example.com"],
    ["myorigin", "example.com"],
    ["inet_protocols", "ipv4"],
    ["mynetworks", "127.0.0.0/8"],
    ["smtpd_relay_restrictions", "permit_mynetworks, reject_unauth_destination"],
    ["smtpd_helo_required", "yes"],
    ["disable_vrfy_command", "yes"],
    ["smtpd_forbid_bare_newline", "normalize"],
    ["smtp_dns_support_level", "dnssec"],
    ["smtp_tls_security_level", "dane"],
    ["smtp_tls_mandatory_protocols", ">=TLSv1.2"],
    ["smtp_tls_protocols", ">=TLSv1.2"],
    ["smtpd_milters", "unix:/run/okmail-opendkim-rsa/milter"],
    ["non_smtpd_milters", "unix:/run/okmail-opendkim-rsa/milter"],
    ["milter_default_action", "tempfail"],
    ["internal_mail_filter_classes", "bounce, notify"],
    ["compatibility_level", "3.10"],
  ])("has %s = %s", (name, value) => expect(expand(postfixSettings(options), name)).toBe(value));

  test.each([
    "smtp_bind_address",
    "proxy_interfaces",
    "relayhost",
    "relay_domains",
    "smtpd_recipient_restrictions",
  ])("leaves %s alone", (name) => expect(postfixSettings(options).has(name)).toBe(false));

  test("is read back from its main.cf", () =>
    expect([...parseMainCf(postfixMainCf(options))]).toEqual([...postfixSettings(options)]));

  test("gives a reason above each setting, and nothing else in main.cf", () => {
    const paragraphs = postfixMainCf(options).trimEnd().split("\n\n");
    expect(paragraphs).toHaveLength(postfixSettings(options).size);
    for (const paragraph of paragraphs) expect(paragraph).toMatch(/^# \S.*\.\n[a-zA-Z0-9_]+ = .+(\n .+)*$/);
  });

  test("passes mail on to every signer, and refuses what they mark as unreadable", () => {
    const dkim = [
      { selector: "a", algorithm: "rsa-sha256" },
      { selector: "b", algorithm: "ed25519-sha256" },
    ] as const;
    const settings = postfixSettings({ ...options, dkim });
    expect(expand(settings, "non_smtpd_milters")).toBe(
      "unix:/run/okmail-opendkim-rsa/milter, unix:/run/okmail-opendkim-ed25519/milter",
    );
    expect(settings.get("milter_header_checks")).toMatch(/dkim=permerror\/ REJECT /);
  });

  test("names only settings that expand", () => {
    const settings = postfixSettings(options);
    for (const name of settings.keys()) expect(expand(settings, name), name).toBeTypeOf("string");
  });
});

describe("a host that only sends", () => {
  test("listens on the loopback interface alone", () =>
    expect(postfixSettings(sender).get("inet_interfaces")).toBe("loopback-only"));

  test("sends the domain's own mail to its mail exchangers", () =>
    expect(expand(postfixSettings(sender), "mydestination")).toBe("localhost"));

  test("has no settings for a server that nobody outside reaches", () => {
    const server = [...postfixSettings(exchanger).keys()].filter(
      (name) => !postfixSettings(sender).has(name),
    );
    expect(server).toEqual([
      "recipient_delimiter",
      "local_recipient_maps",
      "mailbox_size_limit",
      "smtpd_helo_restrictions",
      "smtpd_sender_restrictions",
      "smtpd_milter_maps",
      "smtpd_banner",
      "smtpd_tls_security_level",
      "smtpd_tls_chain_files",
      "smtpd_tls_protocols",
      "smtpd_tls_mandatory_protocols",
      "smtpd_tls_loglevel",
      "smtpd_soft_error_limit",
      "smtpd_hard_error_limit",
    ]);
  });

  test("ignores the bounce address, since mail goes elsewhere", () =>
    expect(postfixMainCf({ ...sender, bounceAddress: "ops@example.net" })).toBe(postfixMainCf(sender)));
});

describe("a host that takes the domain's mail", () => {
  test("passes what comes from outside by the signers", () =>
    expect(postfixSettings(exchanger).get("smtpd_milter_maps")).toBe("cidr:{ { !127.0.0.0/8 DISABLE } }"));

  test("takes mail for the domain and for its own name", () => {
    expect(postfixSettings(exchanger).get("inet_interfaces")).toBe("all");
    expect(expand(postfixSettings(exchanger), "mydestination")).toBe(
      "example.com, okmail.example.com, localhost",
    );
  });

  test("accepts mail for postmaster, abuse and bounces, and nobody else", () =>
    expect(Object.keys(table(exchanger, "local_recipient_maps"))).toEqual([
      "postmaster",
      "abuse",
      "bounces",
      "owner-postmaster",
    ]));

  test("keeps mail in the mailbox of a system user that accepts none from outside", () => {
    expect(table(exchanger, "alias_maps")).toEqual({
      abuse: "postmaster",
      bounces: "postmaster",
      root: "postmaster",
      postmaster: "mail",
      "owner-postmaster": "/dev/null",
    });
    expect(table(exchanger, "local_recipient_maps")).not.toHaveProperty("mail");
  });

  test("forwards mail to the bounce address, and drops what is refused there", () =>
    expect(table({ ...exchanger, bounceAddress: "ops+mail@example.net" }, "alias_maps")).toMatchObject({
      bounces: "postmaster",
      postmaster: "ops+mail@example.net",
      "owner-postmaster": "/dev/null",
    }));

  test("accepts mail for the addresses given, in lower case and once", () => {
    const options = {
      ...exchanger,
      acceptedAddresses: ["DMARC@example.com", "dmarc@Example.com", "abuse@example.com"],
    };
    expect(Object.keys(table(options, "local_recipient_maps"))).toEqual([
      "postmaster",
      "abuse",
      "bounces",
      "dmarc",
      "owner-postmaster",
    ]);
    expect(table(options, "alias_maps")).toMatchObject({ dmarc: "postmaster" });
  });

  const plain = fc.stringMatching(/^[a-z0-9][a-z0-9._+-]{0,8}$/).filter((part) => !/\.$|\.\./.test(part));
  const names = fc.oneof(plain, fc.constantFrom("mail", "root", "postmaster", "owner-postmaster", "abuse"));

  test("has an end for every address it accepts, whatever they are called", () => {
    const ends = ["mail", "ops@example.net", "/dev/null"];
    fc.assert(
      fc.property(fc.array(names, { maxLength: 5 }), fc.boolean(), (parts, forwards) => {
        const options: PostfixOptions = {
          ...exchanger,
          acceptedAddresses: parts.map((part) => `${part}@example.com`),
          ...(forwards ? { bounceAddress: "ops@example.net" } : {}),
        };
        const aliases = table(options, "alias_maps");
        for (const accepted of Object.keys(table(options, "local_recipient_maps"))) {
          let at = accepted;
          for (let hops = 0; hops < 3 && at in aliases; hops += 1) at = aliases[at] ?? "";
          expect(ends, accepted).toContain(at);
        }
      }),
    );
  });

  test.each<[string, Partial<PostfixOptions>, string]>([
    ["a bounce address that is none", { bounceAddress: "ops" }, 'the bounce address "ops" has no @'],
    [
      "a bounce address that Postfix would run as a command",
      { bounceAddress: "|rm@example.net" },
      'the bounce address "|rm@example.net" has other characters than letters, digits, dots, plus and hyphens before the @',
    ],
    [
      "a bounce address that comes back",
      { bounceAddress: "ops@Example.com" },
      'the bounce address "ops@Example.com" is at example.com, whose mail comes to this host',
    ],
    [
      "a bounce address at the host itself",
      { bounceAddress: "ops@okmail.example.com" },
      'the bounce address "ops@okmail.example.com" is at okmail.example.com, whose mail comes to this host',
    ],
    [
      "an address of another domain",
      { acceptedAddresses: ["ops@example.net"] },
      'the accepted address "ops@example.net" is not of the domain example.com',
    ],
    [
      "an address that would be more than one entry of a table",
      { acceptedAddresses: ['"a, b"@example.com'] },
      'the accepted address ""a, b"@example.com" has other characters than letters',
    ],
  ])("refuses %s", (_, options, message) =>
    expect(() => postfixSettings({ ...exchanger, ...options })).toThrow(message),
  );
});

describe("forwardFault", () => {
  test.each(["ops@example.net", "o.p-s+x_1@example.net"])("accepts %s", (address) =>
    expect(forwardFault(address)).toBeUndefined(),
  );

  test.each([
    "",
    "ops",
    "|a@example.net",
    "/a@example.net",
    "a$b@example.net",
    "a{b@example.net",
    "a=b@example.net",
  ])("refuses %j", (address) => expect(forwardFault(address)).toBeTypeOf("string"));
});
