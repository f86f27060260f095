import { readFileSync } from "node:fs";
import { getDomain } from "tldts";
import { parse } from "yaml";
import { describeFaults } from "../config-faults.ts";
import { parseConfiguration } from "../config.ts";

/** What the local cloud must know of a stack before it runs: the world the stack expects to find. */
export interface Surroundings {
  readonly region: string;
  readonly domain: string;
  /** The Cloudflare zone that exists: the registrable domain of the sender's domain. */
  readonly zone: { readonly id: string; readonly name: string };
}

/**
 * Reads what a stack's configuration file expects of the cloud.
 *
 * @throws Error that lists every fault of the configuration
 */
export function readSurroundings(file: string): Surroundings {
  const { config } = parse(readFileSync(file, "utf8")) as { config?: Record<string, unknown> };
  const raw = Object.fromEntries(
    Object.entries(config ?? {}).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
  const { configuration, faults } = parseConfiguration(raw);
  const region = raw["aws:region"];
  if (configuration === undefined || region === undefined) throw new Error(describeFaults(faults));
  const { domain, zoneId } = configuration;
  return { region, domain, zone: { id: zoneId, name: getDomain(domain) ?? domain } };
}
