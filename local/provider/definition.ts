import type { Json, JsonObject } from "../store/json.ts";
import type { Fault, Formats } from "./check-shape.ts";
import type { Difference, Equivalence } from "./compare.ts";
import type { ObjectShape } from "./shape.ts";
import type { Properties } from "./values.ts";

/** What the SDK says of a resource type or a function: its inputs and its outputs. */
export interface Schema {
  readonly inputs: ObjectShape;
  readonly outputs: ObjectShape;
}

/** What the SDK of a package says of the types that the local cloud knows; generated, see `extract-schema.ts`. */
export interface PackageSchema {
  readonly name: string;
  readonly version: string;
  /** Settings of the provider itself. */
  readonly config: ObjectShape;
  /** By type token, such as `aws:ec2/eip:Eip`. */
  readonly resources: Readonly<Record<string, Schema>>;
  /** By function token, such as `aws:ssm/getParameter:getParameter`. */
  readonly functions: Readonly<Record<string, Schema>>;
}

/** A resource as it is requested: all of its inputs are known. */
export interface ResourceRequest {
  readonly urn: string;
  /** The resource's name in the program. */
  readonly name: string;
  readonly inputs: JsonObject;
  /** Names of the inputs that are secret. */
  readonly secrets: ReadonlySet<string>;
}

/** A change, removal or look-up of an existing resource. `inputs` are the new ones. */
export interface ExistingRequest extends ResourceRequest {
  readonly id: string;
  /** The properties in the engine's state. */
  readonly state: JsonObject;
}

/** What exists now. */
export interface Live {
  readonly id: string;
  /** The inputs that would give what exists. */
  readonly inputs: JsonObject;
  readonly outputs: JsonObject;
  /** Names of the inputs that are secret. */
  readonly secrets: Iterable<string>;
}

/** A handler may answer at once or later. */
export type Eventually<T> = T | Promise<T>;

/** Which input the provider fills with a name of its own making: the resource's name in the program, "-", seven hex digits. */
export interface Autoname {
  /** The input that gets the name. */
  readonly property: string;
  /** Another input that makes a name needless, such as `namePrefix`. */
  readonly unless?: string;
  readonly maxLength: number;
}

/** The traits of a resource type that need no cloud: what is valid, what a change means. */
export interface ResourceTraits {
  /** Type token, such as `aws:ec2/eip:Eip`. */
  readonly type: string;
  readonly schema: Schema;
  /** What values must look like, by pattern of the place. */
  readonly formats?: Formats;
  /** Brings inputs into the form that the provider keeps, before they are judged. */
  normalize?(inputs: Properties): Properties;
  /** Inputs that the provider adds where the program has none. */
  readonly defaults?: JsonObject;
  readonly autoname?: Autoname;
  /** Patterns of the places where a change needs a new resource. */
  readonly forcesNew?: readonly string[];
  /** Which of the differences need a new resource though `forcesNew` doesn't name them. */
  replacedBy?(differences: readonly Difference[], inputs: Properties): readonly Difference[];
  /** The old resource has to go before the new one can come. */
  readonly deleteBeforeReplace?: boolean;
  /** Values that differ only in looks, by pattern of the place. */
  readonly equivalences?: Readonly<Record<string, Equivalence>>;
  /** Outputs that are secret whatever the inputs. */
  readonly secretOutputs?: readonly string[];
  /** Outputs that hold an input's value under another name and are secret with it: output to input. */
  readonly echoes?: Readonly<Record<string, string>>;
  /** What is wrong with the inputs taken together. */
  check?(inputs: Properties): readonly Fault[];
  /** Outputs that follow from the inputs alone, so that a preview knows them. Those named as an input need not be given. */
  derive?(inputs: Properties): Properties;
  /** Outputs that an update of these inputs changes to something a preview can't know. */
  recomputes?(changed: ReadonlySet<string>): readonly string[];
}

/**
 * A resource type that a provider serves. Errors that the handlers throw are shown to the user as they are.
 * Outputs that they return are completed by the inputs of the same name and by `derive`.
 */
export interface ResourceDefinition extends ResourceTraits {
  /** Makes it. */
  create(request: ResourceRequest): Eventually<Pick<Live, "id" | "outputs">>;
  /** What exists under this id, undefined if nothing does. */
  read(request: ExistingRequest): Eventually<Live | undefined>;
  /** Changes it to the new inputs; returns the outputs afterwards. */
  update(request: ExistingRequest): Eventually<JsonObject>;
  /** Removes it; that it is gone already is no error. */
  delete(request: ExistingRequest): Eventually<void>;
}

/** A function that a provider serves (an "invoke"). */
export interface FunctionDefinition {
  /** Function token, such as `aws:ssm/getParameter:getParameter`. */
  readonly token: string;
  readonly schema: Schema;
  readonly formats?: Formats;
  /** The result. No part of it is a secret, as with the bridged providers: what a function finds out isn't its secret. */
  call(args: JsonObject): Eventually<JsonObject>;
}

/** What a provider's configuration is refused for. */
export interface ConfigFault {
  readonly property: string;
  readonly reason: string;
}

/** A provider of the local cloud. */
export interface ProviderDefinition {
  /** Package name: `aws`, `cloudflare`, `tls`. */
  readonly name: string;
  /** Version of the SDK that the provider answers for. */
  readonly version: string;
  readonly resources: readonly ResourceDefinition[];
  readonly functions: readonly FunctionDefinition[];
  /** Settings of the provider that exist. */
  readonly config: ObjectShape;
  /** What is wrong with the settings; strings, lists and objects are parsed already. */
  checkConfig?(settings: Readonly<Record<string, Json>>): readonly ConfigFault[];
  /** How long each change takes, in milliseconds. Default 0. */
  readonly latency?: number;
}
