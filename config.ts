import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { describeFaults, faultsOf, type ConfigurationFault } from "./config-faults.ts";
import { mailboxFault, networkFault } from "./mail/address.ts";
import { selectorFault } from "./mail/dkim.ts";
import { hostNameFault, labelFault, normalizeName } from "./mail/host-name.ts";
import { forwardFault } from "./mail/postfix.ts";
import { includeFault } from "./mail/spf-record.ts";

/**
 * The stack's configuration, whole and checked. Reading it is the first thing the program does, so that a mistake
 * stops it before any resource is declared.
 */
export type Configuration = z.output<typeof schema>;

/** Reads the running stack's configuration. Throws one `pulumi.RunError` that lists every fault. */
export function readConfiguration(): Configuration {
  const { configuration, faults } = parseConfiguration(
    pulumi.runtime.allConfig(),
    process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION,
  );
  if (configuration === undefined) throw new pulumi.RunError(describeFaults(faults));
  return configuration;
}

const namespace = "okmail";

/**
 * Checks a stack's whole configuration: `raw` maps `namespace:key` to text, as the engine hands it over (structured
 * settings as JSON). Either the configuration or the list of all its faults comes back, never both.
 */
export function parseConfiguration(
  raw: Readonly<Record<string, string>>,
  environmentRegion?: string,
): { configuration?: Configuration; faults: ConfigurationFault[] } {
  const region = raw["aws:region"] ?? environmentRegion;
  const faults: ConfigurationFault[] = regionFaults(region);
  const settings: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(raw)) {
    if (key.startsWith(`${namespace}:`)) settings[key.slice(namespace.length + 1)] = decode(key, text);
  }
  const parsed = schema.safeParse(settings);
  if (!parsed.success) faults.push(...parsed.error.issues.flatMap((issue) => faultsOf(issue, settings)));
  return parsed.success && faults.length === 0 ? { configuration: parsed.data, faults } : { faults };
}

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

const schema = z
  .strictObject({
    domain: domainName,
    zoneId: matching(/^[0-9a-f]{32}$/, "is no Cloudflare zone id (32 hexadecimal digits)"),
    hosts: hosts.prefault({ okmail: {} }),
    instanceType: z.string().default("t4g.small"),
    imageId: matching(/^ami-[0-9a-f]{8,17}$/, "is no AMI id").optional(),
    spf: spf.prefault({}),
    dkim: dkim.prefault({}),
    dmarc: dmarc.prefault({}),
    mailExchangers: z.array(domainName).default([]),
    bounceAddress: checked(forwardFault).optional(),
    ttl: z
      .number()
      .int()
      .refine(
        (ttl) => ttl === 1 || (ttl >= 60 && ttl <= 86_400),
        "is neither 1 (automatic) nor 60 to 86400 seconds",
      )
      .default(300),
    keepAddresses: z.boolean().default(true),
  })
  .superRefine((settings, context) => {
    if (settings.bounceAddress !== undefined && settings.mailExchangers.length > 0)
      context.addIssue({
        code: "custom",
        path: ["bounceAddress"],
        message: "has no effect while okmail:mailExchangers sends bounces elsewhere; remove one of the two",
      });
    const bounceDomain = settings.bounceAddress?.replace(/^.*@/, "").toLowerCase();
    const own = [
      settings.domain,
      ...(Array.isArray(settings.hosts) ? settings.hosts : []).map(
        ({ name }) => `${name}.${settings.domain}`,
      ),
    ];
    if (bounceDomain !== undefined && own.includes(bounceDomain))
      context.addIssue({
        code: "custom",
        path: ["bounceAddress"],
        message: `is at ${bounceDomain}, whose mail comes to these hosts: it would go in a circle`,
      });
    // Reports to the own domain come to the hosts, which take plain addresses only.
    for (const list of ["rua", "ruf"] as const)
      settings.dmarc[list].forEach((address, index) => {
        const isOwn =
          mailboxFault(address) === undefined && address.toLowerCase().endsWith(`@${settings.domain}`);
        const fault = isOwn ? forwardFault(address) : undefined;
        if (fault !== undefined)
          context.addIssue({ code: "custom", path: ["dmarc", list, index], message: fault });
      });
    // RFC 7208 4.6.4: a record that includes itself never ends, so it is a permanent error at every receiver.
    settings.spf.includes.forEach((include, index) => {
      if (include === settings.domain)
        context.addIssue({
          code: "custom",
          path: ["spf", "includes", index],
          message: "is the sender's own domain, so its SPF record would include itself",
        });
    });
    // Zod calls this with the untransformed hosts when they are at fault themselves.
    if (!Array.isArray(settings.hosts)) return;
    for (const { key, name } of settings.hosts) {
      const fault = hostNameFault(`${name}.${settings.domain}`);
      if (fault !== undefined)
        context.addIssue({ code: "custom", path: ["hosts", key], message: `gives no HELO name: ${fault}` });
    }
  });

function regionFaults(region: string | undefined): ConfigurationFault[] {
  const wrong = (fault: string): ConfigurationFault[] => [
    { key: "aws:region", value: region, fault, example: "aws:region: eu-central-1" },
  ];
  if (region === undefined) return wrong("is missing, and AWS_REGION is not set either");
  // GovCloud has no API for reverse DNS: AWS sets it there on request only.
  if (region.startsWith("us-gov-"))
    return wrong(
      "is AWS GovCloud, where reverse DNS is set on request only (https://repost.aws/knowledge-center/ec2-port-25-throttle), so no PTR can be declared",
    );
  return [];
}

// Structured settings arrive as JSON; what is meant as text is never decoded, so that a domain may look like a number.
const textSettings = new Set(["domain", "zoneId", "instanceType", "imageId", "bounceAddress"]);

function decode(key: string, text: string): unknown {
  if (textSettings.has(key.slice(namespace.length + 1))) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
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
