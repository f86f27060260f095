import * as pulumi from "@pulumi/pulumi";
import { disagreements } from "./config-agreements.ts";
import { describeFaults, faultsOf, type ConfigurationFault } from "./config-faults.ts";
import { settings as everySetting, type Settings } from "./config-schema.ts";

/**
 * The stack's configuration, whole and checked. Reading it is the first thing the program does, so that a mistake
 * stops it before any resource is declared.
 */
export type Configuration = Settings;

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

const schema = everySetting.superRefine((settings, context) => {
  for (const { path, message } of disagreements(settings))
    context.addIssue({ code: "custom", path, message });
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
