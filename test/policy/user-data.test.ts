import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { cloudConfig, type HostOptions } from "../../mail/cloud-config.ts";
import { postfixSettings } from "../../mail/postfix.ts";
import { readUserData, type Setting } from "../../policy/user-data.ts";

const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");
const set = (value: string): Setting => ({ kind: "set", value });
const undetermined: Setting = { kind: "undetermined" };
const unset: Setting = { kind: "unset" };

/** The parameter that user data gives Postfix. */
const parameter = (userData: string | undefined, name = "myhostname", base?: string) =>
  readUserData(userData, base).parameter(name);

const script = "#!/bin/sh\npostconf -e myhostname=a.example.com\n";
const config = "#cloud-config\nruncmd:\n- [postconf, -e, myhostname=a.example.com]\n";

function multipart(...parts: readonly (readonly [headers: string, body: string])[]): string {
  const texts = parts.map(([headers, body]) => `--==x==\r\n${headers}\r\n\r\n${body}\r\n`);
  return `Content-Type: multipart/mixed; boundary="==x=="\r\nMIME-Version: 1.0\r\n\r\n${texts.join("")}--==x==--\r\n`;
}

describe("user data is read", () => {
  const part: readonly [string, string] = ["Content-Type: text/cloud-config; charset=utf-8", config];
  const wrappings: readonly (readonly [title: string, plain: string | undefined, inBase64?: string])[] = [
    ["as cloud-config", config],
    ["as a shell script", script],
    ["as a boothook", `#cloud-boothook\n${script}`],
    [
      "as a cloud-config-archive",
      `#cloud-config-archive\n- type: text/x-shellscript\n  content: |\n    #!/bin/sh\n    postconf -e myhostname=a.example.com\n`,
    ],
    ["in base64 at userDataBase64", undefined, base64(config)],
    ["in base64 at userData", base64(config)],
    ["in base64 with line breaks", base64(config).replace(/.{20}/g, "$&\n")],
    ["in gzip", undefined, base64(gzipSync(config))],
    ["in gzip at userData", base64(gzipSync(config))],
    ["as MIME", multipart(part)],
    ["as MIME in gzip", undefined, base64(gzipSync(multipart(part)))],
    [
      "as MIME in base64",
      multipart(["Content-Type: text/cloud-config\nContent-Transfer-Encoding: base64", base64(config)]),
    ],
    [
      "as MIME in quoted-printable",
      multipart([
        "Content-Type: text/cloud-config\nContent-Transfer-Encoding: quoted-printable",
        config.replaceAll("=", "=3D"),
      ]),
    ],
    ["as MIME of an unnamed type", multipart(["Content-Type: text/plain", script])],
    [
      "as MIME in MIME",
      multipart([
        "Content-Type: multipart/mixed; boundary=y",
        `--y\nContent-Type: text/cloud-config\n\n${config}\n--y--\n`,
      ]),
    ],
    [
      "as MIME of gzip",
      multipart([
        "Content-Type: application/gzip\nContent-Transfer-Encoding: base64",
        base64(gzipSync(config)),
      ]),
    ],
  ];
  it.each(wrappings)("%s", (_, plain, inBase64) => {
    expect(parameter(plain, "myhostname", inBase64)).toEqual(set("a.example.com"));
  });

  it("back to the settings that okmail itself writes", () => {
    const options: HostOptions = {
      helo: "okmail.example.com",
      domain: "example.com",
      region: "eu-central-1",
      receivesMail: true,
      tls: {},
      dkim: [
        { selector: "s1", parameterName: "/x", algorithm: "rsa-sha256" },
        { selector: "s2", parameterName: "/y", algorithm: "ed25519-sha256" },
      ],
    };
    const text = cloudConfig(options);
    const { mainCf, hostName, signingKeys, notes } = readUserData(text, undefined);
    expect(mainCf).toEqual({ settings: postfixSettings(options), incomplete: false });
    expect(hostName).toEqual(set("okmail.example.com"));
    expect(signingKeys).toEqual([
      { domain: "example.com", selector: "s1" },
      { domain: "example.com", selector: "s2" },
    ]);
    expect(notes).toEqual([]);
  });
});

describe("write_files", () => {
  const file = (...lines: readonly string[]) =>
    `#cloud-config\nwrite_files:\n- path: /etc/postfix/main.cf\n${lines.map((line) => `  ${line}\n`).join("")}`;
  const text = "myhostname = a.example.com\n";
  const forms: readonly (readonly [title: string, userData: string, expected: Setting])[] = [
    [
      "takes plain text",
      file("content: |", "  # comment", "  myhostname =", "    a.example.com"),
      set("a.example.com"),
    ],
    ["takes base64", file("encoding: b64", `content: ${base64(text)}`), set("a.example.com")],
    [
      "takes gzip in base64",
      file("encoding: gz+b64", `content: ${base64(gzipSync(text))}`),
      set("a.example.com"),
    ],
    [
      "takes gzip as YAML's binary",
      file("encoding: gzip", `content: !!binary ${base64(gzipSync(text))}`),
      set("a.example.com"),
    ],
    ["takes YAML's binary", file(`content: !!binary ${base64(text)}`), set("a.example.com")],
    ["can't tell broken gzip", file("encoding: gz+base64", "content: AAAA"), undetermined],
    [
      "can't tell what is fetched from elsewhere",
      file("source:", "  uri: https://example.org/"),
      undetermined,
    ],
    ["finds nothing in an empty file", file(), unset],
    [
      "settles the path",
      file("content: myhostname = a.example.com").replace("/etc/postfix", "/etc/x/../postfix"),
      set("a.example.com"),
    ],
    [
      "appends",
      `${file("content: |", "  myhostname = a.example.com")}- path: /etc/postfix/main.cf\n  append: true\n  content: myhostname = b.example.com\n`,
      set("b.example.com"),
    ],
  ];
  it.each(forms)("%s", (_, userData, expected) => {
    expect(parameter(userData)).toEqual(expected);
  });
});

describe("what comes later wins, in the order in which cloud-init works", () => {
  const lines = (key: string, name: string) => `${key}:\n- postconf -e myhostname=${name}.example.com\n`;
  const file = (name: string, defer: boolean) =>
    `- path: /etc/postfix/main.cf\n  defer: ${defer}\n  content: myhostname = ${name}.example.com\n`;
  const scriptPart = (name: string, fileName?: string): readonly [string, string] => [
    `Content-Type: text/x-shellscript${fileName === undefined ? "" : `\nContent-Disposition: attachment; filename="${fileName}"`}`,
    `#!/bin/sh\npostconf -e myhostname=${name}.example.com\n`,
  ];
  const configPart = (body: string, header = ""): readonly [string, string] => [
    `Content-Type: text/cloud-config${header}`,
    `#cloud-config\n${body}`,
  ];
  const orders: readonly (readonly [title: string, userData: string, winner: string])[] = [
    ["runcmd after bootcmd", `#cloud-config\n${lines("runcmd", "run")}${lines("bootcmd", "boot")}`, "run"],
    [
      "write_files after bootcmd",
      `#cloud-config\nwrite_files:\n${file("file", false)}${lines("bootcmd", "boot")}`,
      "file",
    ],
    [
      "deferred files after others",
      `#cloud-config\nwrite_files:\n${file("late", true)}${file("early", false)}`,
      "late",
    ],
    [
      "runcmd after deferred files",
      `#cloud-config\n${lines("runcmd", "run")}write_files:\n${file("late", true)}`,
      "run",
    ],
    [
      "runcmd after a script part without a name",
      multipart(configPart(lines("runcmd", "run")), scriptPart("part")),
      "run",
    ],
    [
      "a script part whose name comes after runcmd",
      multipart(configPart(lines("runcmd", "run")), scriptPart("part", "z.sh")),
      "part",
    ],
    ["the script with the later name", multipart(scriptPart("b", "b.sh"), scriptPart("a", "a.sh")), "b"],
    ["the later of two scripts without names", multipart(scriptPart("one"), scriptPart("two")), "two"],
    [
      "scripts after boothooks",
      multipart(scriptPart("script"), ["Content-Type: text/cloud-boothook", `#cloud-boothook\n${script}`]),
      "script",
    ],
    [
      "the later cloud-config's runcmd, which replaces the earlier one's",
      multipart(configPart(lines("runcmd", "one")), configPart("runcmd: [echo]\n")),
      "",
    ],
    [
      "the appended runcmd, if lists are to be merged",
      multipart(
        configPart(lines("runcmd", "one")),
        configPart(lines("runcmd", "two"), "\nMerge-Type: list(append)+dict(recurse_array)+str()"),
      ),
      "two",
    ],
    [
      "the first runcmd, if keys are not to be replaced",
      multipart(
        configPart(lines("runcmd", "one")),
        configPart(`merge_how: dict(no_replace)+list()\n${lines("runcmd", "two")}`),
      ),
      "one",
    ],
    [
      "the prepended runcmd loses",
      multipart(
        configPart(lines("runcmd", "one")),
        configPart(
          `merge_how:\n- {name: list, settings: [prepend]}\n- {name: dict, settings: [recurse_list]}\n${lines("runcmd", "two")}`,
        ),
      ),
      "one",
    ],
  ];
  it.each(orders)("%s", (_, userData, winner) => {
    expect(parameter(userData)).toEqual(winner === "" ? unset : set(`${winner}.example.com`));
  });
});

describe("merging", () => {
  const mergedWith = (how: string) =>
    readUserData(
      multipart(
        [
          "Content-Type: text/cloud-config",
          "#cloud-config\nruncmd:\n- postconf -e one=1\n- postconf -e two=2\n",
        ],
        [
          `Content-Type: text/cloud-config\nMerge-Type: ${how}`,
          "#cloud-config\nruncmd:\n- postconf -e three=3\n",
        ],
      ),
      undefined,
    ).mainCf.settings;
  const ways: readonly (readonly [how: string, settings: readonly string[]])[] = [
    ["", ["three"]],
    ["dict(replace)+list()+str()", ["three"]],
    ["list(append)+dict(recurse_array)+str()", ["one", "two", "three"]],
    ["list(prepend)+dict(recurse_list)+str()", ["three", "one", "two"]],
    ["list(replace)+dict(recurse_list)+str()", ["three", "two"]],
    ["list(no_replace)+dict(recurse_list)+str()", ["one", "two"]],
    ["list(append)+dict(no_replace)+str()", ["one", "two"]],
    ["list(append)", ["one", "two"]],
  ];
  it.each(ways)("by %j runs %j", (how, names) => {
    expect([...mergedWith(how).keys()]).toEqual(names);
  });
});

describe("the host's name", () => {
  const names: readonly (readonly [title: string, userData: string, expected: Setting])[] = [
    ["is the fqdn", "#cloud-config\nfqdn: a.example.com\nhostname: b\n", set("a.example.com")],
    ["is the hostname otherwise", "#cloud-config\nhostname: b\n", set("b")],
    [
      "is none where the host keeps its own",
      "#cloud-config\nfqdn: a.example.com\npreserve_hostname: true\n",
      unset,
    ],
    [
      "is what a script sets",
      "#!/bin/sh\nhostnamectl set-hostname --static a.example.com\n",
      set("a.example.com"),
    ],
    [
      "is what a script sets later",
      "#cloud-config\nfqdn: b.example.com\nruncmd:\n- hostnamectl hostname a.example.com\n",
      set("a.example.com"),
    ],
    ["can't be told from a variable", "#!/bin/sh\nhostname $NAME\n", undetermined],
    ["is unset otherwise", "#!/bin/sh\nhostname -f\n", unset],
  ];
  it.each(names)("%s", (_, userData, expected) => {
    expect(readUserData(userData, undefined).hostName).toEqual(expected);
  });
});

describe("what can't be followed is undetermined, never wrong", () => {
  const jinja = "## template: jinja\n#cloud-config\n";
  const cases: readonly (readonly [title: string, userData: string, expected: Setting])[] = [
    [
      "a template's variable",
      `${jinja}runcmd:\n- postconf -e myhostname={{ v1.local_hostname }}\n`,
      undetermined,
    ],
    [
      "another setting beside a variable",
      `${jinja}runcmd:\n- postconf -e myhostname=a.example.com inet_interfaces={{ x }}\n`,
      set("a.example.com"),
    ],
    [
      "a template with branches",
      `${jinja}{% if x %}\nruncmd:\n- postconf -e myhostname=a.example.com\n{% endif %}\n`,
      undetermined,
    ],
    [
      "a template's comment",
      `${jinja}{# y #}runcmd:\n- postconf -e myhostname=a.example.com\n`,
      set("a.example.com"),
    ],
    [
      "a script for another interpreter that speaks of Postfix",
      `#!/usr/bin/env python3\n# postconf\n`,
      undetermined,
    ],
    ["a cloud-config that is no YAML and speaks of Postfix", "#cloud-config\npostfix: [\n", undetermined],
    [
      "a part fetched from elsewhere beside a setting",
      multipart(
        ["Content-Type: text/x-include-url", "https://example.org/x"],
        ["Content-Type: text/x-shellscript", script],
      ),
      undetermined,
    ],
    ["a part fetched from elsewhere alone", "#include\nhttps://example.org/x\n", unset],
    ["a script for another interpreter", "#!/usr/bin/perl\n", unset],
    ["a hash of the user data", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", unset],
    ["text of no form", "postconf -e myhostname=a.example.com", undetermined],
    ["nothing", "", unset],
    ["a script that does too much", `${script}${"true\n".repeat(3_000)}`, undetermined],
    ["scripts inside each other without end", `${script}S='eval "$S"'\neval "$S"\n`, undetermined],
  ];
  it.each(cases)("%s", (_, userData, expected) => {
    expect(parameter(userData)).toEqual(expected);
  });

  it("says why", () => {
    const notes = (userData: string) => readUserData(userData, undefined).notes;
    expect(notes("a94a8fe5ccb19ba61c4c0873d391e987982fbbd3")).toEqual([
      "the user data is shown as a hash only",
    ]);
    expect(notes("#include\nhttps://example.org/x\n")).toEqual([
      "part-001 of the user data is fetched from elsewhere",
    ]);
    expect(readUserData(undefined, base64(gzipSync(config).subarray(0, 30))).notes).toEqual([
      "the user data is no complete gzip file of reasonable size",
    ]);
    expect(notes(`#cloud-config\n# ${"x".repeat(70_000)}`)[0]).toMatch(
      /^the user data takes 7\d{4} octets, where EC2 takes 16384$/,
    );
  });

  it("a gzip file that unpacks to too much", () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000, "#"));
    expect(readUserData(undefined, base64(bomb)).notes).toEqual([
      "the user data is no complete gzip file of reasonable size",
    ]);
  });
});

describe("master.cf", () => {
  const main = "postconf -e smtp_helo_name=main.example.com";
  const settings: readonly (readonly [title: string, line: string, helo: string])[] = [
    [
      "overrides main.cf by postconf -P",
      "postconf -P 'smtp/unix/smtp_helo_name = m.example.com'",
      "m.example.com",
    ],
    [
      "overrides main.cf by postconf -M",
      "postconf -M 'smtp/unix=smtp unix - - y - - smtp -o smtp_helo_name=m.example.com'",
      "m.example.com",
    ],
    [
      "overrides main.cf by a line with -o",
      "printf 'smtp unix - - y - - smtp\\n  -o { smtp_helo_name = m.example.com }\\n' >> /etc/postfix/master.cf",
      "m.example.com",
    ],
    [
      "does not matter for another service",
      "postconf -P submission/inet/smtp_helo_name=m.example.com",
      "main.example.com",
    ],
    [
      "does not matter in a comment",
      "echo '#smtp unix - - y - - smtp -o smtp_helo_name=m.example.com' >> /etc/postfix/master.cf",
      "main.example.com",
    ],
  ];
  it.each(settings)("%s", (_, line, helo) => {
    expect(parameter(`#!/bin/sh\n${main}\n${line}\n`, "smtp_helo_name")).toEqual(set(helo));
  });
});
