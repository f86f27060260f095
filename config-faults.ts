import { distance } from "fastest-levenshtein";
import type { z } from "zod";

/** One thing wrong with the configuration. */
export interface ConfigurationFault {
  /** The setting as the user writes it, such as `okmail:spf.includes[0]`. */
  readonly key: string;
  /** What stands there, as YAML would show it; undefined if nothing does. */
  readonly value: string | undefined;
  /** What is wrong with it: a phrase, no full stop. */
  readonly fault: string;
  /** A line of YAML that would be right. */
  readonly example: string;
}

/** All faults as one message for a terminal, each with its key, value, reason and an example. */
export function describeFaults(faults: readonly ConfigurationFault[]): string {
  const entries = faults.map(({ key, value, fault, example }) => {
    const found = value === undefined ? key : `${key} = ${value}`;
    return `  ${found}\n    ${fault}\n    for example: ${example}`;
  });
  const count = faults.length === 1 ? "1 setting is" : `${faults.length} settings are`;
  return `${count} wrong in this stack's configuration; nothing was declared:\n${entries.join("\n")}`;
}

/** A schema's complaint as faults: one, or one for each setting that does not exist. */
export function faultsOf(issue: z.core.$ZodIssue, settings: unknown): ConfigurationFault[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const [nearest, example] = nearestSetting(path);
      return {
        key: writtenPath(path),
        value: shown(valueAt(settings, path)),
        fault: `is no setting of okmail${nearest === undefined ? "" : `; did you mean ${nearest}?`}`,
        example,
      };
    });
  // A host's key is at fault, not what stands under it.
  if (issue.code === "invalid_key") {
    const key = issue.path.at(-1);
    return [
      {
        key: writtenPath(issue.path.slice(0, -1)),
        value: typeof key === "string" ? key : shown(key),
        fault: `has a host key that ${issue.issues.map(({ message }) => message).join(", and ")}`,
        example: examples.hosts ?? "",
      },
    ];
  }
  const value = valueAt(settings, issue.path);
  return [
    {
      key: writtenPath(issue.path),
      value: shown(value),
      fault: value === undefined && issue.code === "invalid_type" ? "is missing" : faultText(issue),
      example: examples[settingOf(issue.path)] ?? examples[String(issue.path[0])] ?? "",
    },
  ];
}

function faultText(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_type") return issue.message;
  const kinds: Record<string, string> = {
    array: "a list",
    object: "a map",
    record: "a map",
    boolean: "true or false",
    number: "a number",
    int: "a whole number",
    string: "text",
  };
  return `is not ${kinds[issue.expected] ?? issue.expected}`;
}

/** ["spf", "includes", 0] -> okmail:spf.includes[0] */
function writtenPath(path: readonly PropertyKey[]): string {
  const steps = path.map((step, index) =>
    typeof step === "number" ? `[${step}]` : `${index === 0 ? "" : "."}${String(step)}`,
  );
  return `okmail:${steps.join("")}`;
}

/** ["hosts", "mx", "name"] -> hosts.name ; ["spf", "includes", 0] -> spf.includes */
function settingOf(path: readonly PropertyKey[]): string {
  return path
    .filter((step, index) => typeof step !== "number" && !(path[0] === "hosts" && index === 1))
    .map(String)
    .join(".");
}

function nearestSetting(path: readonly PropertyKey[]): [nearest: string | undefined, example: string] {
  const parent = settingOf(path.slice(0, -1));
  const written = String(path.at(-1));
  const siblings = Object.keys(examples)
    .filter((setting) => setting.split(".").slice(0, -1).join(".") === parent)
    .map((setting) => setting.split(".").at(-1) ?? setting);
  const [nearest] = siblings.toSorted((a, b) => likeness(written, a) - likeness(written, b));
  const close = nearest !== undefined && likeness(written, nearest) <= Math.max(2, written.length / 3);
  const found = close ? nearest : undefined;
  const qualified = [parent, found ?? siblings[0]].filter((part) => part !== "").join(".");
  return [found && `okmail:${qualified}`, examples[qualified] ?? ""];
}

const likeness = (a: string, b: string) => distance(a.toLowerCase(), b.toLowerCase());

function valueAt(settings: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) => (typeof value === "object" && value !== null ? (value as never)[step] : undefined),
    settings,
  );
}

function shown(value: unknown): string | undefined {
  return value === undefined ? undefined : typeof value === "string" ? `"${value}"` : JSON.stringify(value);
}

/** What a right value looks like, by the dotted path of the setting without list positions and host keys. */
const examples: Readonly<Record<string, string>> = {
  domain: "okmail:domain: example.com",
  zoneId: "okmail:zoneId: 023e105f4ecef8ad9ca31a8372d0c353",
  hosts: "okmail:hosts: { okmail: {}, okmail2: {} }",
  "hosts.name": "okmail:hosts: { okmail: { name: mx1 } }",
  "hosts.instanceType": "okmail:hosts: { okmail: { instanceType: t4g.small } }",
  "hosts.subnetId": "okmail:hosts: { okmail: { subnetId: subnet-0a1b2c3d4e5f60718 } }",
  "hosts.allocationId": "okmail:hosts: { okmail: { allocationId: eipalloc-0a1b2c3d4e5f60718 } }",
  instanceType: "okmail:instanceType: t4g.small",
  imageId: "okmail:imageId: ami-0a1b2c3d4e5f60718",
  spf: "okmail:spf: { all: fail, includes: [_spf.example.net] }",
  "spf.all": "okmail:spf: { all: fail }",
  "spf.a": "okmail:spf: { a: true }",
  "spf.mx": "okmail:spf: { mx: true }",
  "spf.includes": "okmail:spf: { includes: [_spf.example.net] }",
  "spf.ip4": "okmail:spf: { ip4: [203.0.113.0/24] }",
  dkim: "okmail:dkim: { selector: okmail1 }",
  "dkim.selector": "okmail:dkim: { selector: okmail1 }",
  "dkim.bits": "okmail:dkim: { bits: 2048 }",
  "dkim.ed25519Selector": "okmail:dkim: { selector: okmail1, ed25519Selector: okmail1e }",
  "dkim.standbySelector": "okmail:dkim: { selector: okmail1, standbySelector: okmail2 }",
  dmarc: "okmail:dmarc: { policy: none, rua: [dmarc@example.com] }",
  "dmarc.policy": "okmail:dmarc: { policy: none }",
  "dmarc.subdomainPolicy": "okmail:dmarc: { subdomainPolicy: reject }",
  "dmarc.nonexistentPolicy": "okmail:dmarc: { nonexistentPolicy: reject }",
  "dmarc.rua": "okmail:dmarc: { rua: [dmarc@example.com] }",
  "dmarc.ruf": "okmail:dmarc: { ruf: [dmarc@example.com] }",
  "dmarc.adkim": "okmail:dmarc: { adkim: relaxed }",
  "dmarc.aspf": "okmail:dmarc: { aspf: relaxed }",
  "dmarc.testing": "okmail:dmarc: { testing: true }",
  submission: "okmail:submission: { users: [app] }",
  "submission.users": "okmail:submission: { users: [app] }",
  "submission.messagesPerHour": "okmail:submission: { users: [app], messagesPerHour: 500 }",
  mailExchangers: "okmail:mailExchangers: [mx.example.net]",
  bounceAddress: "okmail:bounceAddress: ops@example.net",
  watch: "okmail:watch: { topic: arn:aws:sns:eu-central-1:123456789012:okmail }",
  "watch.mail": "okmail:watch: { mail: ops@example.net }",
  "watch.topic": "okmail:watch: { topic: arn:aws:sns:eu-central-1:123456789012:okmail }",
  tls: "okmail:tls: { certificate: acme }",
  "tls.certificate": "okmail:tls: { certificate: acme }",
  "tls.acmeDirectory": "okmail:tls: { acmeDirectory: https://acme-v02.api.letsencrypt.org/directory }",
  "tls.acmeEmail": "okmail:tls: { acmeEmail: ops@example.net }",
  "tls.caa": "okmail:tls: { caa: letsencrypt.org }",
  mtaSts: "okmail:mtaSts: { mode: testing }",
  "mtaSts.mode": "okmail:mtaSts: { mode: testing }",
  "mtaSts.maxAge": "okmail:mtaSts: { mode: enforce, maxAge: 604800 }",
  tlsRpt: "okmail:tlsRpt: { rua: [tls-reports@example.com] }",
  "tlsRpt.rua": "okmail:tlsRpt: { rua: [tls-reports@example.com] }",
  dane: "okmail:dane: { key: key1 }",
  "dane.key": "okmail:dane: { key: key1 }",
  "dane.standbyKey": "okmail:dane: { key: key1, standbyKey: key2 }",
  "dane.dnssec": "okmail:dane: { dnssec: true }",
  ttl: "okmail:ttl: 300",
  queueVolumeSize: "okmail:queueVolumeSize: 20",
  keepAddresses: "okmail:keepAddresses: true",
  keepQueues: "okmail:keepQueues: true",
};
