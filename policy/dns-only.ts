import type { PolicyConfigSchema } from "@pulumi/policy";
import { normalizeName } from "../mail/host-name.ts";
import { SymbolTable } from "../mail/symbol.ts";
import { addToPlan, Plan, readPlan } from "./plan.ts";
import { known } from "./property.ts";
import { findSenders } from "./senders.ts";
import { ZoneIndex } from "./zone-index.ts";

/** Settings of the remediation, under `mail-name-not-proxied` in a file for `--policy-pack-config`. */
export interface DnsOnlySettings {
  readonly mailNames?: readonly string[];
}

export const dnsOnlySchema: PolicyConfigSchema = {
  properties: {
    mailNames: {
      type: "array",
      items: { type: "string" },
      default: [],
      description:
        "HELO names and mail exchangers whose records are made DNS only, where the enforcement level is remediate. Names " +
        "that earlier resources tell (user data, tags, PTR, MX) need not be listed.",
    },
  },
};

/** A resource whose properties may be changed. Reading an unknown one throws, so they are changed in place. */
export interface ChangeableResource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly props: Record<string, unknown>;
}

/**
 * Turns a proxied record at a mail name to DNS only. Resources come one at a time, so a name is known for a mail name if
 * it is listed, or if a resource before it says so.
 */
export class DnsOnly {
  readonly #records = new Plan();
  readonly #zones = new ZoneIndex(this.#records);
  readonly #mailNames = new Set<string>();

  /** The properties of a record that was proxied and should not be; undefined for all other resources. */
  remediate(
    resource: ChangeableResource,
    { mailNames = [] }: DnsOnlySettings,
  ): Record<string, unknown> | undefined {
    for (const name of mailNamesOf(resource)) this.#mailNames.add(normalizeName(name));
    const before = this.#records.records.length;
    addToPlan(this.#records, resource);
    const record = this.#records.records.length > before ? this.#records.records.at(-1) : undefined;
    const owner = record === undefined ? undefined : this.#zones.ownerOf(record);
    if (record?.proxied !== true || owner === undefined) return undefined;
    if (!this.#mailNames.has(owner) && !mailNames.map(normalizeName).includes(owner)) return undefined;
    resource.props.proxied = false;
    return resource.props;
  }
}

/** The HELO names and mail exchangers that one resource tells. */
function mailNamesOf(resource: ChangeableResource): string[] {
  const plan = readPlan([resource]);
  const reverseNames = Array.from(plan.eipDomainNames, ({ domainName }) => known(domainName) ?? []);
  const exchangers = plan.records
    .filter(({ type }) => known(type) === "MX")
    .flatMap(({ contents }) => known(contents) ?? [])
    .flatMap(
      (content) =>
        known(content)
          ?.trim()
          .replace(/^\d+\s+/, "") ?? [],
    );
  const heloNames = findSenders(plan, new SymbolTable()).senders.map(({ helo }) => helo);
  return [...reverseNames.flat(), ...exchangers, ...heloNames];
}
