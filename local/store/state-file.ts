import { readFileSync } from "node:fs";
import { isJsonObject } from "./json.ts";
import type { Json, JsonObject } from "./json.ts";
import type { CloudRecord } from "./record.ts";
import type { Sealer } from "./sealer.ts";

/** Changes when an older okmail couldn't read the file any more. */
const VERSION = 1;

/** Marks the encrypted value of a property that the record lists among its secrets. */
const SEALED = "$sealed";

/** The whole state of the local cloud. */
export interface CloudState {
  /** Counts the changes since the cloud was made. */
  readonly serial: number;
  readonly records: readonly CloudRecord[];
  /** Whatever a provider must remember that hangs on no resource, by key. */
  readonly facts: JsonObject;
}

/** The state file can't be used. The message names the file, the reason and the way out. */
export class CorruptStateError extends Error {
  override name = "CorruptStateError";

  constructor(path: string, reason: string) {
    super(
      `The local cloud's state file ${path} can't be used: ${reason}. Nothing real is lost; start over with: npm run local:destroy`,
    );
  }
}

/** Reads and writes the state file. Keeps the text of each record, since most don't change between two writes. */
export class StateFile {
  readonly #path: string;
  readonly #sealer: Sealer;
  readonly #texts = new WeakMap<CloudRecord, string>();

  constructor(path: string, sealer: Sealer) {
    this.#path = path;
    this.#sealer = sealer;
  }

  /** The state on disk, undefined if there is none yet. Throws {@link CorruptStateError}. */
  read(): CloudState | undefined {
    const text = readText(this.#path);
    if (text === undefined) return undefined;
    try {
      return this.#parse(text);
    } catch (error) {
      throw error instanceof CorruptStateError
        ? error
        : new CorruptStateError(this.#path, (error as Error).message);
    }
  }

  /** The file's text: JSON, one record a line. */
  render(state: CloudState): string {
    const records = state.records.map((record) => `\n    ${this.#render(record)}`).join(",");
    return `{
  "version": ${VERSION},
  "serial": ${state.serial},
  "facts": ${JSON.stringify(state.facts)},
  "records": [${records}
  ]
}
`;
  }

  #render(record: CloudRecord): string {
    const known = this.#texts.get(record);
    if (known !== undefined) return known;
    const text = JSON.stringify({
      ...record,
      inputs: this.#seal(record, record.inputs),
      outputs: this.#seal(record, record.outputs),
    });
    this.#texts.set(record, text);
    return text;
  }

  #seal(record: CloudRecord, properties: JsonObject): JsonObject {
    return mapValues(properties, (value, name) =>
      record.secrets.includes(name) ? { [SEALED]: this.#sealer.seal(JSON.stringify(value)) } : value,
    );
  }

  #open(record: CloudRecord, properties: JsonObject): JsonObject {
    return mapValues(properties, (value, name) =>
      record.secrets.includes(name) && isJsonObject(value) && typeof value[SEALED] === "string"
        ? (JSON.parse(this.#sealer.open(value[SEALED])) as Json)
        : value,
    );
  }

  #parse(text: string): CloudState {
    const state: unknown = JSON.parse(text);
    if (!isJsonObject(state)) throw new Error("it holds no JSON object");
    const { version, serial, facts, records } = state;
    if (version !== VERSION) {
      throw new Error(`it has version ${JSON.stringify(version)}, this okmail reads version ${VERSION}`);
    }
    if (typeof serial !== "number" || !isJsonObject(facts) || !Array.isArray(records)) {
      throw new Error("serial, facts or records are missing");
    }
    return { serial, facts, records: records.map((record) => this.#parseRecord(record)) };
  }

  #parseRecord(value: unknown): CloudRecord {
    if (!isRecord(value)) throw new Error(`a record in it is none: ${JSON.stringify(value).slice(0, 80)}`);
    return { ...value, inputs: this.#open(value, value.inputs), outputs: this.#open(value, value.outputs) };
  }
}

function isRecord(value: unknown): value is CloudRecord {
  if (!isJsonObject(value)) return false;
  const { type, id, urn, createdAt, inputs, outputs, secrets } = value;
  const isText = [type, id, urn, createdAt].every((text) => typeof text === "string");
  return isText && isJsonObject(inputs) && isJsonObject(outputs) && Array.isArray(secrets);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function mapValues(properties: JsonObject, change: (value: Json, name: string) => Json): JsonObject {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, change(value, name)]));
}
