/** Speaks to a provider as the engine does: by gRPC, over loopback. */
import { promisify } from "node:util";
import grpc from "@grpc/grpc-js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import type { ProviderDefinition } from "../../local/provider/definition.ts";
import { serveProvider } from "../../local/provider/serve.ts";
import { unwrap, wrap } from "../../local/provider/values.ts";
import type { Properties } from "../../local/provider/values.ts";

/** A resource as the engine's state has it. */
export interface State {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** Inputs that were checked, and what was wrong with them: property and reason. */
export interface CheckAnswer {
  readonly inputs: Properties;
  readonly secrets: readonly string[];
  readonly failures: readonly (readonly [property: string, reason: string])[];
}

/** What a change would mean. Details by path: `update`, `add-replace` and so on. */
export interface DiffAnswer {
  readonly changes: boolean;
  readonly replaces: readonly string[];
  readonly deleteBeforeReplace: boolean;
  readonly details: Readonly<Record<string, string>>;
}

/** Outputs, and the names of those that are secret. */
export interface OutputsAnswer {
  readonly id: string;
  readonly outputs: Properties;
  readonly secrets: readonly string[];
}

type Raw = InstanceType<typeof services.ResourceProviderClient>;

/** The client of one provider, which it serves itself. */
export class ProviderClient {
  readonly raw: Raw;
  readonly #close: () => Promise<void>;

  private constructor(raw: Raw, close: () => Promise<void>) {
    this.raw = raw;
    this.#close = close;
  }

  /** Serves the provider and connects to it. */
  static async start(definition: ProviderDefinition): Promise<ProviderClient> {
    const served = await serveProvider(definition);
    const address = `127.0.0.1:${served.port}`;
    const raw = new services.ResourceProviderClient(address, grpc.credentials.createInsecure());
    return new ProviderClient(raw, async () => {
      raw.close();
      await served.close();
    });
  }

  /** Checks inputs; `before` are those in force. */
  async check(
    type: string,
    name: string,
    inputs: Properties,
    {
      before = {},
      secrets = [],
      seed = "seed",
    }: { before?: Properties; secrets?: string[]; seed?: string } = {},
  ): Promise<CheckAnswer> {
    const request = new rpc.CheckRequest()
      .setUrn(urn(type, name))
      .setOlds(wrap(before))
      .setNews(wrap(inputs, secrets))
      .setRandomseed(Buffer.from(seed));
    const response = await promisify<rpc.CheckRequest, rpc.CheckResponse>(this.raw.check.bind(this.raw))(
      request,
    );
    const checked = unwrap(response.getInputs());
    return {
      inputs: checked.properties,
      secrets: [...checked.secrets],
      failures: response.getFailuresList().map((failure) => [failure.getProperty(), failure.getReason()]),
    };
  }

  /** Compares the inputs in force with others. */
  async diff(state: State, inputs: Properties, ignored: string[] = []): Promise<DiffAnswer> {
    const request = new rpc.DiffRequest()
      .setId(state.id)
      .setUrn(urn(state.type, state.name))
      .setOlds(wrap(state.outputs))
      .setOldInputs(wrap(state.inputs))
      .setNews(wrap(inputs))
      .setIgnorechangesList(ignored);
    const response = await promisify<rpc.DiffRequest, rpc.DiffResponse>(this.raw.diff.bind(this.raw))(
      request,
    );
    const kinds = new Map(Object.entries(rpc.PropertyDiff.Kind).map(([kind, number]) => [number, kind]));
    const details: Record<string, string> = {};
    response.getDetaileddiffMap().forEach((detail, path) => {
      details[path] = kinds.get(detail.getKind())?.toLowerCase().replace("_", "-") ?? "?";
    });
    return {
      changes: response.getChanges() === rpc.DiffResponse.DiffChanges.DIFF_SOME,
      replaces: response.getReplacesList(),
      deleteBeforeReplace: response.getDeletebeforereplace(),
      details,
    };
  }

  /** Sends Create as it is, without a check before it. */
  async create(
    type: string,
    name: string,
    inputs: Properties,
    { preview = false, secrets = [] }: { preview?: boolean; secrets?: string[] } = {},
  ): Promise<OutputsAnswer> {
    const request = new rpc.CreateRequest()
      .setUrn(urn(type, name))
      .setProperties(wrap(inputs, secrets))
      .setPreview(preview);
    const response = await promisify<rpc.CreateRequest, rpc.CreateResponse>(this.raw.create.bind(this.raw))(
      request,
    );
    const { properties, secrets: secret } = unwrap(response.getProperties());
    return { id: response.getId(), outputs: properties, secrets: [...secret] };
  }

  /** Makes a resource as `pulumi up` does: checks it, creates it. Throws the failures, else the provider's error. */
  async up(
    type: string,
    name: string,
    inputs: Properties,
    options: { secrets?: string[] } = {},
  ): Promise<State> {
    const checked = await this.check(type, name, inputs, { ...options, seed: name });
    if (checked.failures.length > 0) throw new Error(checked.failures.map(([, reason]) => reason).join("\n"));
    const { id, outputs } = await this.create(type, name, checked.inputs, options);
    return { type, name, id, inputs: checked.inputs, outputs };
  }

  /** Changes a resource as `pulumi up` does, if the change needs no other resource. */
  async change(state: State, inputs: Properties): Promise<State> {
    const checked = await this.check(state.type, state.name, inputs, { before: state.inputs });
    if (checked.failures.length > 0) throw new Error(checked.failures.map(([, reason]) => reason).join("\n"));
    const { replaces } = await this.diff(state, checked.inputs);
    if (replaces.length > 0) throw new Error(`needs a replacement for ${replaces.join(", ")}`);
    const { outputs } = await this.update(state, checked.inputs);
    return { ...state, inputs: checked.inputs, outputs };
  }

  /** Sends Update as it is. */
  async update(state: State, inputs: Properties, { preview = false } = {}): Promise<OutputsAnswer> {
    const request = new rpc.UpdateRequest()
      .setId(state.id)
      .setUrn(urn(state.type, state.name))
      .setOlds(wrap(state.outputs))
      .setOldInputs(wrap(state.inputs))
      .setNews(wrap(inputs))
      .setPreview(preview);
    const response = await promisify<rpc.UpdateRequest, rpc.UpdateResponse>(this.raw.update.bind(this.raw))(
      request,
    );
    const { properties, secrets } = unwrap(response.getProperties());
    return { id: state.id, outputs: properties, secrets: [...secrets] };
  }

  /** Reads a resource as a refresh does; undefined if it is gone. */
  async refresh(state: State): Promise<State | undefined> {
    const request = new rpc.ReadRequest()
      .setId(state.id)
      .setUrn(urn(state.type, state.name))
      .setInputs(wrap(state.inputs))
      .setProperties(wrap(state.outputs));
    return this.#read(request, state);
  }

  /** Reads a resource by its id as an import does; undefined if there is none. */
  async import(type: string, name: string, id: string): Promise<State | undefined> {
    const request = new rpc.ReadRequest().setId(id).setUrn(urn(type, name));
    return this.#read(request, { type, name });
  }

  /** Deletes a resource. */
  async delete(state: State): Promise<void> {
    const request = new rpc.DeleteRequest()
      .setId(state.id)
      .setUrn(urn(state.type, state.name))
      .setOldInputs(wrap(state.inputs))
      .setProperties(wrap(state.outputs));
    await promisify<rpc.DeleteRequest, empties.Empty>(this.raw.delete.bind(this.raw))(request);
  }

  /** Calls a function. Throws the failures. */
  async invoke(token: string, args: Properties): Promise<Properties> {
    const request = new rpc.InvokeRequest().setTok(token).setArgs(wrap(args));
    const response = await promisify<rpc.InvokeRequest, rpc.InvokeResponse>(this.raw.invoke.bind(this.raw))(
      request,
    );
    const failures = response.getFailuresList();
    if (failures.length > 0) {
      throw new Error(
        failures.map((failure) => `${failure.getProperty()}: ${failure.getReason()}`).join("\n"),
      );
    }
    const { properties, secrets } = unwrap(response.getReturn());
    if (secrets.size > 0) throw new Error(`secret results: ${[...secrets].join(", ")}`);
    return properties;
  }

  /** Checks the provider's own settings: the failures, property and reason. */
  async checkConfig(settings: Properties): Promise<readonly (readonly [string, string])[]> {
    const request = new rpc.CheckRequest()
      .setUrn(urn("pulumi:providers:test", "default"))
      .setNews(wrap(settings));
    const send = promisify<rpc.CheckRequest, rpc.CheckResponse>(this.raw.checkConfig.bind(this.raw));
    return (await send(request))
      .getFailuresList()
      .map((failure) => [failure.getProperty(), failure.getReason()]);
  }

  /** The version that the provider says it has. */
  async version(): Promise<string> {
    const send = promisify<empties.Empty, plugins.PluginInfo>(this.raw.getPluginInfo.bind(this.raw));
    return (await send(new empties.Empty())).getVersion();
  }

  /** Cancels what is under way, as the engine does on Ctrl-C. */
  async cancel(): Promise<void> {
    await promisify<empties.Empty, empties.Empty>(this.raw.cancel.bind(this.raw))(new empties.Empty());
  }

  async close(): Promise<void> {
    await this.#close();
  }

  async #read(
    request: rpc.ReadRequest,
    { type, name }: { type: string; name: string },
  ): Promise<State | undefined> {
    const response = await promisify<rpc.ReadRequest, rpc.ReadResponse>(this.raw.read.bind(this.raw))(
      request,
    );
    if (response.getId() === "") return undefined;
    const inputs = unwrap(response.getInputs()).properties;
    return { type, name, id: response.getId(), inputs, outputs: unwrap(response.getProperties()).properties };
  }
}

/** The URN of a resource of the project okmail's stack local. */
export function urn(type: string, name: string): string {
  return `urn:pulumi:local::okmail::${type}::${name}`;
}
