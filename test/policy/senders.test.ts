import type { PolicyResource } from "@pulumi/policy";
import { describe, expect, it } from "vitest";
import { SymbolTable } from "../../mail/symbol.ts";
import { readPlan } from "../../policy/plan.ts";
import { findSenders } from "../../policy/senders.ts";
import {
  agreeingStack,
  declare,
  postfixUserData,
  unknown,
  unknownFrom,
  unrelated,
} from "../helpers/planned-stack.ts";

function senders(resources: readonly PolicyResource[]) {
  return findSenders(
    readPlan([...unrelated("before"), ...resources, ...unrelated("after")]),
    new SymbolTable(),
  );
}

const runcmd = (...commands: readonly string[]) =>
  `#cloud-config\nruncmd:\n${commands.map((line) => `- ${line}\n`).join("")}`;

describe("findSenders", () => {
  it("finds a host as the judge wants it", () => {
    const symbols = new SymbolTable();
    const {
      senders: [sender],
      hosts,
      notes,
    } = findSenders(readPlan(agreeingStack()), symbols);
    expect(sender).toMatchObject({
      name: "okmail",
      urn: "urn:pulumi:test::mail::aws:ec2/instance:Instance::okmail",
      addresses: [symbols.address("okmail-eip")],
      helo: "okmail.example.com",
      mailFrom: "example.com",
      ownAddresses: [symbols.address("okmail-eip")],
      selectors: [],
    });
    expect(sender?.eips.map(({ name, protect }) => [name, protect])).toEqual([["okmail-eip", true]]);
    expect(hosts.map(({ name }) => name)).toEqual(["okmail"]);
    expect(notes).toEqual([]);
  });

  it("finds several hosts, each with its own address, and knows all addresses of the plan", () => {
    const symbols = new SymbolTable();
    const { senders: found } = findSenders(readPlan(agreeingStack({ hosts: ["a", "b"] })), symbols);
    expect(found.map(({ helo, addresses }) => [helo, addresses])).toEqual([
      ["a.example.com", [symbols.address("a-eip")]],
      ["b.example.com", [symbols.address("b-eip")]],
    ]);
    expect(found[0]?.ownAddresses).toEqual([symbols.address("a-eip"), symbols.address("b-eip")]);
  });

  it("finds a host by one form of user data, while the provider has yet to fill in the other", () => {
    const userData = postfixUserData("a.example.com");
    const base64 = Buffer.from(userData).toString("base64");
    const found = senders([
      declare.instance("plain", { userData, userDataBase64: unknown }),
      declare.instance("encoded", { userData: unknown, userDataBase64: base64 }),
      declare.instance("filled", { userData, userDataBase64: "" }),
      declare.instance("web", { userData: unknown, userDataBase64: unknown }),
    ]);
    expect(found.senders.map(({ name }) => name)).toEqual(["plain", "encoded", "filled"]);
    expect(found.notes.filter(({ kind }) => kind === "user-data-unknown")).toEqual([]);
  });

  const noSenders: readonly (readonly [title: string, instance: Record<string, unknown>])[] = [
    ["without user data", {}],
    ["that serves web pages", { userData: "#cloud-config\npackages: [nginx]\n" }],
    ["that merely installs Postfix", { userData: "#cloud-config\npackages: [postfix]\n" }],
    ["with a mail domain alone", { tags: { "mail:domain": "example.com", Name: "okmail.example.com" } }],
    [
      "that only asks Postfix",
      { userData: runcmd("postconf -n", "postconf -o myhostname=x.example.com -x") },
    ],
  ];
  it.each(noSenders)("leaves a host %s alone", (_, props) => {
    expect(senders([declare.instance("web", props)])).toEqual({ senders: [], hosts: [], notes: [] });
  });

  it("finds nothing in a stack without hosts", () => {
    expect(senders([])).toEqual({ senders: [], hosts: [], notes: [] });
  });
});

describe("HELO", () => {
  const tags = { "mail:helo": "Tag.example.com." };
  const fqdn = "#cloud-config\nfqdn: own.example.com\n";
  const names: readonly (readonly [
    title: string,
    instance: Record<string, unknown>,
    helo: string | undefined,
  ])[] = [
    [
      "is smtp_helo_name",
      { userData: runcmd("postconf -e smtp_helo_name=a.example.com myhostname=b.example.com") },
      "a.example.com",
    ],
    [
      "is myhostname without smtp_helo_name",
      { userData: runcmd("postconf -e myhostname=b.example.com") },
      "b.example.com",
    ],
    [
      "is $myhostname expanded",
      { userData: runcmd("postconf -e 'smtp_helo_name=$myhostname' myhostname=b.example.com") },
      "b.example.com",
    ],
    [
      "is the cloud-config's fqdn without both",
      { userData: `${fqdn}runcmd:\n- postconf -e mydestination=\n` },
      "own.example.com",
    ],
    [
      "is the fqdn that $myhostname stands for",
      { userData: `${fqdn}runcmd:\n- [postconf, -e, smtp_helo_name=$myhostname]\n` },
      "own.example.com",
    ],
    [
      "is a hostname with a dot",
      { userData: "#cloud-config\nhostname: h.example.com\nruncmd:\n- postconf -e mydestination=\n" },
      "h.example.com",
    ],
    [
      "is a hostname with $mydomain",
      { userData: "#cloud-config\nhostname: h\nruncmd:\n- postconf -e mydomain=example.org\n" },
      "h.example.org",
    ],
    [
      "can't be known from one label",
      { userData: "#cloud-config\nhostname: h\nruncmd:\n- postconf -e mydestination=\n" },
      undefined,
    ],
    [
      "is the tag without all of them",
      { userData: runcmd("postconf -e mydestination="), tags },
      "tag.example.com",
    ],
    [
      "is Postfix's name rather than the tag",
      { userData: postfixUserData("a.example.com"), tags },
      "a.example.com",
    ],
    ["is the fqdn rather than the tag", { userData: fqdn, tags }, "own.example.com"],
    [
      "is the tag where a setting can't be known",
      { userData: runcmd('postconf -e "myhostname=$(cat /x)"'), tags },
      "tag.example.com",
    ],
    [
      "is the tag where the user data isn't known yet",
      { userData: unknownFrom(declare.vpc("v")), tags },
      "tag.example.com",
    ],
    [
      "is the tag where only a hash is shown",
      { userData: "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", tags },
      "tag.example.com",
    ],
    [
      "can't be known from an unknown setting alone",
      { userData: runcmd('postconf -e "myhostname=$(cat /x)"') },
      undefined,
    ],
    ["can't be known from an unknown tag alone", { tags: { "mail:helo": unknown } }, undefined],
    [
      "is what master.cf overrides",
      {
        userData: runcmd(
          "postconf -e myhostname=b.example.com",
          "postconf -P smtp/unix/smtp_helo_name=m.example.com",
        ),
      },
      "m.example.com",
    ],
    [
      "is in lower case, with the final dot that Postfix would say",
      { userData: runcmd("postconf -e smtp_helo_name=MAIL.Example.com.") },
      "mail.example.com.",
    ],
    [
      "is taken as it is, also where it is no host name",
      { userData: runcmd("postconf -e smtp_helo_name=localhost") },
      "localhost",
    ],
  ];
  it.each(names)("%s", (_, props, helo) => {
    const { senders: found, notes } = senders([declare.instance("host", props)]);
    expect(found.map((sender) => sender.helo)).toEqual(helo === undefined ? [] : [helo]);
    expect(notes.some(({ kind }) => kind === "helo-undetermined")).toBe(helo === undefined);
  });

  it("may differ from the tag, which is noted", () => {
    const { notes } = senders([
      declare.instance("host", { userData: postfixUserData("a.example.com"), tags }),
    ]);
    expect(notes.find(({ kind }) => kind === "tag-differs")?.message).toBe(
      "The tag mail:helo says tag.example.com, but Postfix says a.example.com in HELO.",
    );
  });
});

describe("MAIL FROM", () => {
  const domains: readonly (readonly [
    title: string,
    helo: string,
    tags: Record<string, unknown>,
    mailFrom: string,
  ])[] = [
    ["is of HELO's parent domain", "okmail.example.com", {}, "example.com"],
    ["is of HELO's parent domain, however deep", "a.mail.example.com", {}, "mail.example.com"],
    ["is of the tagged domain", "okmail.example.com", { "mail:domain": "Example.NET." }, "example.net"],
    ["is of HELO itself where the parent is a public suffix", "example.co.uk", {}, "example.co.uk"],
    ["is of HELO itself where that is one label", "okmail", {}, "okmail"],
    [
      "is of HELO's parent domain where the tag isn't known",
      "okmail.example.com",
      { "mail:domain": unknown },
      "example.com",
    ],
  ];
  it.each(domains)("%s", (_, helo, tags, mailFrom) => {
    const {
      senders: [sender],
    } = senders([declare.instance("host", { userData: runcmd(`postconf -e smtp_helo_name=${helo}`), tags })]);
    expect(sender?.mailFrom).toBe(mailFrom);
  });
});

describe("a host that hands its mail to a relay", () => {
  const settings: readonly (readonly [setting: string, sends: boolean])[] = [
    ["relayhost=[smtp.example.net]:587", false],
    ["relayhost=", true],
    ["default_transport=smtp:[smtp.example.net]", false],
    ["default_transport=error:none", false],
    ["default_transport=smtp", true],
  ];
  it.each(settings)("%s", (setting, sends) => {
    const {
      senders: found,
      hosts,
      notes,
    } = senders([
      declare.instance("host", {
        userData: runcmd(`postconf -e myhostname=a.example.com ${setting}`),
        tags: { "mail:helo": "a.example.com" },
      }),
    ]);
    expect(found.length).toBe(sends ? 1 : 0);
    expect(hosts.length).toBe(1);
    expect(notes.some(({ kind }) => kind === "relays")).toBe(!sends);
  });
});

describe("DKIM selectors", () => {
  it("are those that OpenDKIM's configuration in user data has", () => {
    const userData = `#cloud-config
write_files:
- path: /etc/opendkim.conf
  content: |
    Domain example.com
    Selector s1 # the first
    KeyTable /etc/opendkim/keys
- path: /etc/opendkim/keys
  content: |
    # name domain:selector:file
    other example.org:s2:/etc/opendkim/s2.pem
    each %:s3:/etc/opendkim/s3.pem
runcmd:
- postconf -e myhostname=a.example.com
`;
    const {
      senders: [sender],
    } = senders([declare.instance("host", { userData })]);
    expect(sender?.selectors).toEqual([
      { selector: "s1", domain: "example.com" },
      { selector: "s2", domain: "example.org" },
    ]);
  });
});

describe("notes", () => {
  it("tell of user data that isn't known yet, if no tag says what it is", () => {
    const { notes } = senders([
      declare.instance("host", { userData: unknownFrom(declare.vpc("v")) }),
      declare.instance("b", {
        userData: unknownFrom(declare.vpc("v")),
        tags: { "mail:helo": "b.example.com" },
      }),
    ]);
    expect(notes.filter(({ kind }) => kind === "user-data-unknown").map(({ host }) => host)).toEqual([
      "host",
    ]);
  });

  it("tell of user data that can't be followed, on a mail host only", () => {
    const python = "#!/usr/bin/python3\nopen('/etc/postfix/main.cf')\n";
    const { notes } = senders([
      declare.instance("host", { userData: python }),
      declare.instance("web", { userData: "#!/usr/bin/python3\nprint()\n" }),
    ]);
    expect(notes.filter(({ kind }) => kind === "user-data").map(({ host }) => host)).toEqual(["host"]);
  });
});

describe("an unnamed zone", () => {
  it("whose names are all relative is taken for the sender's", () => {
    const adopted = "eipalloc-9";
    const {
      senders: [sender],
    } = senders([
      declare.instance("host", { id: unknown, userData: postfixUserData("okmail.example.com") }),
      declare.association("as", { allocationId: adopted, instanceId: unknownFrom(declare.instance("host")) }),
      declare.record("a", { zoneId: "z1", name: "okmail", type: "A", content: "198.51.100.7" }),
      declare.domainName("ptr", { allocationId: adopted, domainName: "okmail.example.com" }),
    ]);
    expect(sender?.addresses).toEqual(["198.51.100.7"]);
  });
});
