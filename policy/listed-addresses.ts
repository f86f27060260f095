import type { ResourceValidationArgs } from "@pulumi/policy";
import { listingOf, type Blocklists } from "../mail/blocklists.ts";
import { blocks } from "../mail/finding.ts";
import { normalizeName } from "../mail/host-name.ts";
import { judge, type Listing, type Sender } from "../mail/judge.ts";
import { isSymbol, SymbolTable } from "../mail/symbol.ts";
import { blocklistsOf, type BlocklistSettings } from "./blocklist-settings.ts";
import type { Validation } from "./first-judges.ts";
import { readPlan } from "./plan.ts";
import { known, type SeenResource } from "./property.ts";
import { RecordsSoFar, type PlacedRecord } from "./records-so-far.ts";
import { reportOf } from "./report.ts";
import type { Report } from "./rules/mail-rule.ts";
import { findSenders } from "./senders.ts";

export interface ListedAddressesOptions {
  /** Whether resources are being created: then their addresses are asked about before. */
  readonly updating: boolean;
  /** Where the keys for lists are. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const instanceType = "aws:ec2/instance:Instance";
const sendingAddressType = "okmail:index:SendingAddress";

/**
 * Asks the blocklists that the settings of `address-not-listed` name. No other policy can see those settings, so this one
 * is called for a stack's first resource, the stack itself, and learns them; where no list is to be asked it is not called
 * again.
 *
 * In an update it refuses, before it is created, the second of these: the A record of a HELO name with a listed address,
 * and the host that says that name. A record is known for a mail host's by a host before it, by the setting `mailNames`, or
 * by its parent, a `SendingAddress`.
 */
export class ListedAddresses {
  readonly #options: ListedAddressesOptions;
  readonly #records = new RecordsSoFar();
  /** Hosts by HELO name; those named in the settings have none. */
  readonly #senders = new Map<string, Sender>();
  readonly #told = new Set<string>();
  #settings: { readonly blocklists: Blocklists | undefined } | undefined;

  constructor(options: ListedAddressesOptions) {
    this.#options = options;
  }

  /** Looks an address up; undefined where no list is to be asked. */
  get listings(): ((address: string) => Promise<readonly Listing[]>) | undefined {
    const blocklists = this.#settings?.blocklists;
    return blocklists && (async (address) => (await blocklists.ask(address)).map(listingOf));
  }

  /** The function of the policy for resources; undefined while it has nothing to do. */
  get validation(): Validation<ResourceValidationArgs> | undefined {
    const idle = this.#settings !== undefined && !(this.#options.updating && this.#settings.blocklists);
    if (idle) return undefined;
    return async (args, reportViolation) => {
      this.#learn(args.getConfig<BlocklistSettings>());
      if (!this.#options.updating) return;
      for (const { message, urn } of await this.#judge(args)) reportViolation(message, urn);
    };
  }

  #learn(settings: BlocklistSettings): void {
    if (this.#settings !== undefined) return;
    this.#settings = { blocklists: blocklistsOf(settings, this.#options.environment) };
    for (const name of settings.mailNames ?? []) this.#add({ helo: name, addresses: [] });
  }

  /** What is refused because of `resource`. Remembers it. */
  async #judge(resource: SeenResource): Promise<Report[]> {
    if (this.listings === undefined) return [];
    const placed = this.#records.add(resource);
    const senders = placed === undefined ? this.#hosts(resource) : this.#owners(placed, resource);
    const reports = await Promise.all(
      senders.map(async (sender) => {
        const seen = placed === undefined ? await this.#addressesOf(sender.helo) : contentsOf(placed);
        const addresses = [...new Set([...sender.addresses, ...seen])].filter(
          (address) => !isSymbol(address),
        );
        return this.#refusals({ ...sender, addresses }, resource.urn);
      }),
    );
    return reports.flat();
  }

  /** The mail hosts that one resource is. */
  #hosts(resource: SeenResource): Sender[] {
    if (resource.type !== instanceType) return [];
    const { senders } = findSenders(readPlan([resource]), new SymbolTable());
    return senders.map((sender) => this.#add(sender));
  }

  /** The mail hosts that an address record is for. */
  #owners({ owner, type }: PlacedRecord, { opts }: SeenResource): Sender[] {
    if (type !== "A" && type !== "AAAA") return [];
    const sender = this.#senders.get(owner);
    if (sender !== undefined) return [{ ...sender, addresses: [] }];
    return isSendingAddress(opts?.parent) ? [this.#add({ helo: owner, addresses: [] })] : [];
  }

  #add({ name, helo, addresses }: Pick<Sender, "name" | "helo" | "addresses">): Sender {
    const sender = { name, helo: normalizeName(helo), addresses, mailFrom: "", selectors: [] };
    this.#senders.set(sender.helo, sender);
    return sender;
  }

  async #refusals(sender: Sender, urn: string): Promise<Report[]> {
    const options = { only: ["address-not-listed"], listings: this.listings } as const;
    const findings = (await judge(sender, this.#records.dns, options)).filter(blocks);
    return findings.flatMap((finding) => {
      // What is refused stays remembered; what comes after it is not to blame.
      if (this.#told.has(finding.message)) return [];
      this.#told.add(finding.message);
      return reportOf(finding, urn, new SymbolTable()) ?? [];
    });
  }

  async #addressesOf(name: string): Promise<readonly string[]> {
    const answers = await Promise.allSettled(
      (["A", "AAAA"] as const).map((type) => this.#records.dns.resolve(name, type)),
    );
    return answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : [])); // The rest may come yet.
  }
}

function contentsOf({ record }: PlacedRecord): string[] {
  return (known(record.contents) ?? []).flatMap((content) => known(content)?.trim() ?? []);
}

function isSendingAddress(urn: string | undefined): boolean {
  // `urn:pulumi:prod::okmail::okmail:index:MailSender$okmail:index:SendingAddress::mail-okmail`
  return urn?.split("::").at(2)?.split("$").at(-1) === sendingAddressType;
}
