import { z } from "zod";
import { mailboxFault, networkFault } from "./mail/address.ts";
import { selectorFault } from "./mail/dkim.ts";
import { hostNameFault, labelFault, normalizeName } from "./mail/host-name.ts";
import { longestMaxAge } from "./mail/mta-sts.ts";
import { forwardFault } from "./mail/postfix.ts";
import { includeFault } from "./mail/spf-record.ts";
import { userNameFault } from "./mail/submission.ts";
import { topicFault } from "./mail/topic.ts";

// A check from mail/ (a phrase, or undefined when all is well) as a zod refinement.
const checked = (faultOf: (text: string) => string | undefined) =>
  z.string().superRefine((text, context) => {
    const fault = faultOf(text);
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  });

const matching = (pattern: RegExp, fault: string) =>
  checked((text) => (pattern.test(text) ? undefined : fault));

const name = (faultOf: (text: string) => string | undefined) =>
  z.string().transform(normalizeName).pipe(checked(faultOf));
const domainName = name(hostNameFault);
const mailbox = checked(mailboxFault);
const wholeNumber = (least: number, most: number, what: string) =>
  z
    .number()
    .int()
    .refine((value) => value >= least && value <= most, `is not ${least} to ${most} ${what}`);
const enumeration = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `is none of ${values.join(", ")}` });

const host = z.strictObject({
  name: checked(labelFault).optional(),
  instanceType: z.string().optional(),
  subnetId: matching(/^subnet-[0-9a-f]{8,17}$/, "is no subnet id").optional(),
  allocationId: matching(/^eipalloc-[0-9a-f]{8,17}$/, "is no Elastic IP allocation id").optional(),
});

const hosts = z
  .record(checked(labelFault), host.nullable())
  .superRefine((entries, context) => {
    if (Object.keys(entries).length === 0)
      context.addIssue({ code: "custom", message: "names no host; leave it out for one host called okmail" });
    duplicates(entries, (key, settings) => settings?.name ?? key).forEach(([key, other, name]) =>
      context.addIssue({
        code: "custom",
        path: [key, "name"],
        message: `is the name ${name} of ${other} too`,
      }),
    );
    duplicates(entries, (_, settings) => settings?.allocationId).forEach(([key, other, id]) =>
      context.addIssue({
        code: "custom",
        path: [key, "allocationId"],
        message: `adopts ${id} as ${other} does`,
      }),
    );
  })
  .transform((entries) =>
    Object.entries(entries).map(([key, settings]) => ({ ...settings, key, name: settings?.name ?? key })),
  );

const spf = z.strictObject({
  all: enumeration(["fail", "softfail"]).default("fail"),
  a: z.boolean().default(false),
  mx: z.boolean().default(false),
  includes: z.array(name(includeFault)).default([]),
  ip4: z.array(checked(networkFault)).default([]),
});

const dkim = z.strictObject({
  selector: checked(selectorFault).default("okmail1"),
  bits: z
    .union([z.literal(2048), z.literal(3072), z.literal(4096)], { error: "is none of 2048, 3072, 4096" })
    .default(2048),
  ed25519Selector: checked(selectorFault).optional(),
  standbySelector: checked(selectorFault).optional(),
});

const submission = z.strictObject({
  users: z
    .array(checked(userNameFault))
    .min(1, "names nobody; leave okmail:submission out if no application sends through the hosts"),
  messagesPerHour: wholeNumber(1, 100_000, "messages").default(500),
});

const tls = z.strictObject({
  certificate: enumeration(["acme", "self-signed"]).default("acme"),
  acmeDirectory: checked(directoryFault).optional(),
  acmeEmail: mailbox.optional(),
  caa: domainName.optional(),
});

const mtaSts = z.strictObject({
  mode: enumeration(["testing", "enforce", "none"]).default("testing"),
  maxAge: wholeNumber(86_400, longestMaxAge, "seconds, a day to a year").default(604_800),
});

const tlsRpt = z.strictObject({
  rua: z.array(mailbox).min(1, "names no address; leave okmail:tlsRpt out if nobody wants reports"),
});

const dane = z.strictObject({
  key: checked(labelFault).default("key1"),
  standbyKey: checked(labelFault).optional(),
  dnssec: z.boolean().default(true),
});

const watch = z
  .strictObject({ mail: checked(forwardFault).optional(), topic: checked(topicFault).optional() })
  .superRefine(({ mail, topic }, context) => {
    // Of two, one may fail for long, and the other would be told each time.
    if ((mail === undefined) === (topic === undefined))
      context.addIssue({ code: "custom", message: "needs either mail, an address, or topic, of SNS" });
  });

const dmarcPolicy = enumeration(["none", "quarantine", "reject"]);
const alignment = enumeration(["relaxed", "strict"]);
const dmarc = z.strictObject({
  policy: dmarcPolicy.default("none"),
  subdomainPolicy: dmarcPolicy.optional(),
  nonexistentPolicy: dmarcPolicy.optional(),
  rua: z.array(mailbox).default([]),
  ruf: z.array(mailbox).default([]),
  adkim: alignment.optional(),
  aspf: alignment.optional(),
  testing: z.boolean().default(false),
});

/** Every setting, each judged by itself; defaults filled in. */
export const settings = z.strictObject({
  domain: domainName,
  zoneId: matching(/^[0-9a-f]{32}$/, "is no Cloudflare zone id (32 hexadecimal digits)"),
  hosts: hosts.prefault({ okmail: {} }),
  instanceType: z.string().default("t4g.small"),
  imageId: matching(/^ami-[0-9a-f]{8,17}$/, "is no AMI id").optional(),
  spf: spf.prefault({}),
  dkim: dkim.prefault({}),
  dmarc: dmarc.prefault({}),
  submission: submission.optional(),
  mailExchangers: z.array(domainName).default([]),
  bounceAddress: checked(forwardFault).optional(),
  watch: watch.optional(),
  tls: tls.prefault({}),
  mtaSts: mtaSts.optional(),
  tlsRpt: tlsRpt.optional(),
  dane: dane.optional(),
  ttl: z
    .number()
    .int()
    .refine(
      (ttl) => ttl === 1 || (ttl >= 60 && ttl <= 86_400),
      "is neither 1 (automatic) nor 60 to 86400 seconds",
    )
    .default(300),
  queueVolumeSize: wholeNumber(1, 16_384, "GiB").default(20),
  keepAddresses: z.boolean().default(true),
  keepQueues: z.boolean().default(true),
});

export type Settings = z.output<typeof settings>;

/** Why `url` is no directory of an ACME authority (RFC 8555 6.1 asks for HTTPS), undefined if it may be one. */
function directoryFault(url: string): string | undefined {
  if (!URL.canParse(url)) return "is no URL";
  return new URL(url).protocol === "https:" ? undefined : "is no https URL";
}

/** Pairs of entries that share what `valueOf` gives: [the later key, the earlier key, the value]. */
function duplicates<Settings>(
  entries: Readonly<Record<string, Settings>>,
  valueOf: (key: string, settings: Settings) => string | undefined,
): [key: string, other: string, value: string][] {
  const first = new Map<string, string>();
  return Object.entries(entries).flatMap(([key, settings]): [string, string, string][] => {
    const value = valueOf(key, settings);
    if (value === undefined) return [];
    const other = first.get(value);
    if (other === undefined) first.set(value, key);
    return other === undefined ? [] : [[key, other, value]];
  });
}
