import { gzipSync } from "node:zlib";
import { cloudConfig, goodStack, mainCf, saying } from "../good-stack.ts";
import { all, dropping, set, type Mutation } from "../mutation.ts";
import { because, live, rowsOn } from "../row.ts";

const row = rowsOn("user data", goodStack("okmail"));
const good = "okmail.example.com";
const wrong = "wrong.example.com";
const runs = (userData: string) => set("okmail-host", { userData });
const encoded = (octets: string | Buffer): Mutation =>
  all(
    dropping("okmail-host", "userData"),
    set("okmail-host", { userDataBase64: Buffer.from(octets).toString("base64") }),
  );
/** The local host can't run such user data, so the row says what it comes to. */
const says = (helo: string) => ({ guests: { "okmail-host": { helo } } });
const script = (helo: string) =>
  `#!/bin/sh\nset -e\napt-get install -y postfix\npostconf -e "myhostname = ${helo}"\nsystemctl reload postfix\n`;
const runcmd = (helo: string) =>
  `#cloud-config\npackages: [postfix]\nruncmd:\n- postconf -e 'myhostname = ${helo}' 'smtp_helo_name = $myhostname'\n`;
const mime = (...parts: readonly (readonly [type: string, body: string])[]) =>
  [
    'Content-Type: multipart/mixed; boundary="=="',
    "MIME-Version: 1.0",
    "",
    ...parts.flatMap(([type, body]) => ["--==", `Content-Type: text/${type}`, "", body]),
    "--==--",
    "",
  ].join("\n");
const file = (content: string, encoding: string) =>
  `#cloud-config\nwrite_files:\n- path: /etc/postfix/main.cf\n  encoding: ${encoding}\n  content: ${content}\n`;

/** Forms of user data: the same host name, right and wrong. */
export const userDataRows = [
  row("main.cf that says another name", runs(cloudConfig(mainCf(wrong))), "a-matches-address"),
  row(
    "main.cf: a later setting overrides",
    runs(cloudConfig(mainCf(wrong, `myhostname = ${good}`))),
    "passes",
  ),
  row(
    "main.cf: a later setting overrides the good one",
    runs(cloudConfig(mainCf(good, `myhostname = ${wrong}`))),
    "a-matches-address",
  ),
  row(
    "main.cf: the name by $mydomain",
    runs(cloudConfig(`mydomain = example.com\nmyhostname = okmail.$mydomain`)),
    "passes",
  ),
  row(
    "main.cf: the name by $mydomain, which is wrong",
    runs(cloudConfig(`mydomain = example.net\nmyhostname = okmail.$mydomain`)),
    "ptr-matches-helo",
  ),
  row(
    "main.cf: ${name} and a continued line",
    runs(cloudConfig("mydomain = example.com\nmyhostname =\n  okmail.${mydomain}")),
    "passes",
  ),
  row(
    "main.cf: the good name in a comment",
    runs(cloudConfig(`# myhostname = ${good}\nmyhostname = ${wrong}`)),
    "a-matches-address",
  ),
  row("main.cf in base64", runs(file(Buffer.from(mainCf(good)).toString("base64"), "b64")), "passes"),
  row(
    "main.cf in base64 that says another name",
    runs(file(Buffer.from(mainCf(wrong)).toString("base64"), "b64")),
    "a-matches-address",
  ),
  row(
    "main.cf in gzip and base64",
    runs(file(gzipSync(mainCf(good)).toString("base64"), "gz+b64")),
    "passes",
  ),
  row(
    "main.cf in gzip and base64 that says another name",
    runs(file(gzipSync(mainCf(wrong)).toString("base64"), "gz+b64")),
    "a-matches-address",
  ),
  row(
    "main.cf without a name, fqdn of the cloud-config",
    runs(
      `#cloud-config\nfqdn: ${good}\nwrite_files:\n- path: /etc/postfix/main.cf\n  content: |\n    compatibility_level = 3.6\n`,
    ),
    "passes",
  ),
  row(
    "main.cf without a name, fqdn that is wrong",
    runs(
      `#cloud-config\nfqdn: ${wrong}\nwrite_files:\n- path: /etc/postfix/main.cf\n  content: |\n    compatibility_level = 3.6\n`,
    ),
    "a-matches-address",
  ),
  row(
    "main.cf in two pieces, the second appended",
    runs(
      `${cloudConfig(mainCf(wrong))}- path: /etc/postfix/main.cf\n  append: true\n  content: |\n    myhostname = ${good}\n`,
    ),
    "passes",
  ),
  row("userDataBase64", encoded(cloudConfig(mainCf(good))), "passes"),
  row("userDataBase64 that says another name", encoded(cloudConfig(mainCf(wrong))), "a-matches-address"),
  row("userDataBase64 of gzip", encoded(gzipSync(cloudConfig(mainCf(good)))), "passes"),
  row(
    "userDataBase64 of gzip that says another name",
    encoded(gzipSync(cloudConfig(mainCf(wrong)))),
    "a-matches-address",
  ),
  row("postconf -e in runcmd", runs(runcmd(good)), "passes", says(good)),
  row("postconf -e in runcmd that says another name", runs(runcmd(wrong)), "a-matches-address", says(wrong)),
  row(
    "postconf in runcmd after a main.cf that says another name",
    runs(`${cloudConfig(mainCf(wrong))}runcmd:\n- [postconf, -e, "myhostname = ${good}"]\n`),
    "passes",
    says(good),
  ),
  row(
    "postconf in runcmd undoes the main.cf",
    runs(`${cloudConfig(mainCf(good))}runcmd:\n- [postconf, -e, "myhostname = ${wrong}"]\n`),
    "a-matches-address",
    says(wrong),
  ),
  row("a shell script", runs(script(good)), "passes", says(good)),
  row("a shell script that says another name", runs(script(wrong)), "a-matches-address", says(wrong)),
  row(
    "a shell script with a variable",
    runs(`#!/bin/bash\nNAME=okmail\npostconf -e "myhostname = $NAME.example.com"\n`),
    "passes",
    says(good),
  ),
  row(
    "a shell script with a variable that is wrong",
    runs(`#!/bin/bash\nNAME=wrong\npostconf -e "myhostname = $NAME.example.com"\n`),
    "a-matches-address",
    says(wrong),
  ),
  row(
    "a shell script with a here-document",
    runs(`#!/bin/sh\ncat > /etc/postfix/main.cf <<'EOF'\n${mainCf(wrong)}\nEOF\n`),
    "a-matches-address",
    says(wrong),
  ),
  row(
    "a shell script whose name nobody can know",
    runs(
      `#!/bin/sh\npostconf -e "myhostname = $(curl -s http://169.254.169.254/latest/meta-data/public-hostname)"\n`,
    ),
    "passes",
    {
      ...says("ec2-192-0-2-10.eu-central-1.compute.amazonaws.com"),
      differs: live("what a command prints can't be known from the plan: advisory"),
    },
  ),
  row(
    "MIME of a cloud-config and a script, which comes later",
    runs(mime(["cloud-config", cloudConfig(mainCf(wrong))], ["x-shellscript", script(good)])),
    "passes",
    says(good),
  ),
  row(
    "MIME whose script undoes the cloud-config",
    runs(mime(["cloud-config", cloudConfig(mainCf(good))], ["x-shellscript", script(wrong)])),
    "a-matches-address",
    says(wrong),
  ),
  row(
    "the tag mail:helo alone",
    all(dropping("okmail-host", "userData"), set("okmail-host", { tags: { "mail:helo": good } })),
    "passes",
    says(good),
  ),
  row(
    "the tag mail:helo alone, which is wrong",
    all(dropping("okmail-host", "userData"), set("okmail-host", { tags: { "mail:helo": wrong } })),
    "a-matches-address",
    says(wrong),
  ),
  row(
    "the tag mail:helo against Postfix",
    set("okmail-host", { ...saying(good), tags: { "mail:helo": wrong } }),
    "passes",
  ),
  row(
    "the tag mail:domain names another domain",
    set("okmail-host", { tags: { "mail:domain": "news.example.com" } }),
    "spf-permits-address",
    { domain: "news.example.com" },
  ),
];

const relay = rowsOn("relay", goodStack("okmail"));
const with_ = (...settings: readonly string[]) => set("okmail-host", saying(good, ...settings));
const open = { differs: live(because.relay) };

/** Settings that open the relay, which only the plan can tell. */
export const relayRows = [
  relay(
    "Postfix's own settings, closed by hand",
    with_("smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination"),
    "passes",
  ),
  relay(
    "restrictions that permit everybody",
    with_("smtpd_relay_restrictions = permit"),
    "relay-closed",
    open,
  ),
  relay(
    "no restriction at all",
    with_("smtpd_relay_restrictions =", "smtpd_recipient_restrictions ="),
    "relay-closed",
    open,
  ),
  relay("mynetworks of everybody", with_("mynetworks = 0.0.0.0/0"), "relay-closed", open),
  relay(
    "mynetworks of a /8 of other people",
    with_("mynetworks = 127.0.0.0/8 52.0.0.0/8"),
    "relay-closed",
    open,
  ),
  relay("mynetworks_style = class", with_("mynetworks_style = class"), "relay-closed", open),
  relay("every domain as one's own", with_("relay_domains = static:all"), "relay-closed", open),
  relay(
    "open, but Postfix listens to its own host only",
    with_("mynetworks = 0.0.0.0/0", "inet_interfaces = loopback-only"),
    "passes",
  ),
];
