import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultNetwork } from "../../local/aws/network.ts";
import { awsProvider } from "../../local/aws/provider.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { DNS_RECORD } from "../../local/cloudflare/dns-record-inputs.ts";
import { cloudflareProvider } from "../../local/cloudflare/provider.ts";
import { processDataPlane, type DataPlane, type DataPlaneOptions } from "../../local/data-plane.ts";
import type { ReceiverAccess } from "../../local/host/smtp-client.ts";
import { describeFault } from "../../local/provider/check-shape.ts";
import type { ProviderDefinition, ResourceDefinition } from "../../local/provider/definition.ts";
import { check, complete } from "../../local/provider/resource-service.ts";
import { asText, CloudStore, type JsonObject } from "../../local/store.ts";
import { inOrder, settled, type Stack } from "./declared.ts";
import { OTHER_ZONE, REGION, ZONE } from "./good-stack.ts";
import { valueOf, type Outputs } from "./planned.ts";
import { standIn } from "./stand-in.ts";

const ZONES = [ZONE, OTHER_ZONE];
export const ACCOUNT = { region: REGION, accountId: "123456789012" };

/** A stack as it came to be. */
export interface Created {
  readonly outputs: Outputs;
  /** What the cloud refused, and why. Records that a name server can serve are there nevertheless, as if it had let them in. */
  readonly refusals: readonly { readonly name: string; readonly reason: string }[];
}

/** What a stack is tried in: the DNS that follows from it, and a receiver that hears its hosts. */
export interface Internet extends Pick<DataPlane, "resolver" | "settle" | "close"> {
  readonly receiver: ReceiverAccess & Pick<DataPlane["receiver"], "domain">;
}

/** The local cloud in this process, without the engine: one stack after the other. */
export class Cloud {
  readonly providers: readonly ProviderDefinition[];
  readonly plane: Internet;
  readonly store: CloudStore;
  readonly #definitions: ReadonlyMap<string, ResourceDefinition>;
  readonly #directory: string;

  private constructor(directory: string, store: CloudStore, plane: Internet) {
    this.#directory = directory;
    this.store = store;
    this.plane = plane;
    this.providers = [
      awsProvider({
        store,
        ...ACCOUNT,
        resolve4: (name) => plane.resolver.resolve4(name),
        elasticIpQuota: 50,
      }),
      cloudflareProvider({ store, zones: ZONES }),
    ];
    this.#definitions = new Map(
      this.providers.flatMap(({ resources }) =>
        resources.map((definition) => [definition.type, definition] as const),
      ),
    );
  }

  /** @param start by default the DNS and the receiver within this process */
  static async open(
    start: (options: DataPlaneOptions) => Promise<Internet> = processDataPlane,
  ): Promise<Cloud> {
    const directory = mkdtempSync(join(folder(), "okmail-agreement-"));
    const store = CloudStore.open(directory);
    try {
      const plane = await start({ store, zones: ZONES, account: ACCOUNT, directory });
      return new Cloud(directory, store, plane);
    } catch (error) {
      discard(directory, store);
      throw error;
    }
  }

  /** Creates all resources, in place of those that are there; the DNS has their records then. */
  async create(stack: Stack): Promise<Created> {
    this.#clear();
    const outputs = new Map<string, JsonObject>();
    const refusals: { name: string; reason: string }[] = [];
    for (const declared of inOrder(stack)) {
      const inputs = settled(declared.inputs, (output) => valueOf(output, outputs)) as JsonObject;
      const { says = {}, substitutes } = standIn(declared.type, inputs, this.store);
      let said: JsonObject = inputs;
      for (const { type, inputs: given } of substitutes) {
        const { outputs: made, refusal } = await this.#create(type, declared.name, given);
        said = { ...said, ...made };
        if (refusal !== undefined) refusals.push({ name: declared.name, reason: refusal });
      }
      outputs.set(declared.name, { ...said, ...says });
    }
    await this.plane.settle();
    return { outputs, refusals };
  }

  async close(): Promise<void> {
    await this.plane.close();
    discard(this.#directory, this.store);
  }

  /** Creates one resource as the engine would. Throws if the cloud refuses it and it is no record. */
  async #create(
    type: string,
    name: string,
    given: JsonObject,
  ): Promise<{ readonly outputs: JsonObject; readonly refusal?: string }> {
    const definition = this.#definitions.get(type);
    if (definition === undefined) throw new Error(`nothing stands in for ${type}`);
    const urn = `urn:pulumi:test::mail::${type}::${name}`;
    const checked = check(definition, {
      name,
      before: {},
      inputs: given,
      seed: new Uint8Array(),
      order: undefined,
    });
    const inputs = checked.inputs as JsonObject;
    try {
      if (checked.faults.length > 0)
        throw new Error(checked.faults.map((fault) => describeFault(fault, name)).join("; "));
      const { id, outputs } = await definition.create({ urn, name, inputs, secrets: new Set() });
      return { outputs: { ...(complete(definition, inputs, outputs) as JsonObject), id } };
    } catch (error) {
      const id = await this.#force(type, urn, inputs);
      if (id === undefined) throw error;
      return { outputs: { ...inputs, id }, refusal: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Puts a refused record into the DNS as if it had been let in, if that can be; its id. Undefined for what is no record. */
  async #force(type: string, urn: string, inputs: JsonObject): Promise<string | undefined> {
    if (type !== DNS_RECORD && type !== AWS_TYPES.eipDomainName) return undefined;
    const id = type === DNS_RECORD ? randomBytes(16).toString("hex") : asText(inputs.allocationId);
    this.store.transact((cloud) => {
      if (cloud.find(type, id) !== undefined) cloud.remove(type, id);
      cloud.insert({ type, id, urn, inputs, outputs: {} });
    });
    // A name server may refuse it just as the cloud does.
    await this.plane.settle().catch(() => this.store.transact((cloud) => cloud.remove(type, id)));
    return id;
  }

  #clear(): void {
    this.store.transact((cloud) => {
      for (const { type, id } of cloud.all()) cloud.remove(type, id);
    });
  }
}

function discard(directory: string, store: CloudStore): void {
  store.close();
  rmSync(directory, { recursive: true });
}

/** Where a file system in memory is, there: the store waits for the disk after each change, and nothing here has to last. */
function folder(): string {
  return existsSync(MEMORY) ? MEMORY : tmpdir();
}

const MEMORY = "/dev/shm";

/** A subnet that the account has from the start. */
export const DEFAULT_SUBNET = defaultNetwork(REGION).subnets[0].id;
