import { deepFreeze } from "./json.ts";
import type { Json } from "./json.ts";
import type { CloudRecord, NewRecord, RecordChange } from "./record.ts";

/** What one transaction did to one record: no `before` means created, no `after` means deleted. */
export interface RecordDelta {
  readonly before?: CloudRecord;
  readonly after?: CloudRecord;
}

/** Everything at one moment: records by type and id in the order of their creation, facts by key. */
export interface Tables {
  readonly records: ReadonlyMap<string, CloudRecord>;
  readonly facts: ReadonlyMap<string, Json>;
}

/** Looks things up in the cloud. */
export interface CloudReader {
  /** The resource of this type and id. */
  find(type: string, id: string): CloudRecord | undefined;
  /** All resources of a type, oldest first. */
  list(type: string): readonly CloudRecord[];
  /** All resources, oldest first. */
  all(): readonly CloudRecord[];
  /**
   * The resources that requests with this URN created, oldest first. More than one while a replacement is under way, or after
   * a crash between a creation and the engine's checkpoint: the one whose id the engine doesn't know is the orphan.
   */
  findByUrn(urn: string): readonly CloudRecord[];
  /** What was noted under `key` with `setFact`. */
  fact(key: string): Json | undefined;
}

/** Looks things up in tables. */
export class TableReader implements CloudReader {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  find(type: string, id: string): CloudRecord | undefined {
    return this.#tables.records.get(key(type, id));
  }

  list(type: string): readonly CloudRecord[] {
    return this.all().filter((record) => record.type === type);
  }

  all(): readonly CloudRecord[] {
    return [...this.#tables.records.values()];
  }

  findByUrn(urn: string): readonly CloudRecord[] {
    return this.all().filter((record) => record.urn === urn);
  }

  fact(key: string): Json | undefined {
    return this.#tables.facts.get(key);
  }
}

/** Reads and changes the cloud, for the length of one `transact`. Changes show at once in what the transaction reads. */
export class CloudTransaction extends TableReader {
  readonly #before: Tables;
  readonly #records: Map<string, CloudRecord>;
  readonly #facts: Map<string, Json>;
  readonly #touched = new Set<string>();
  #factsChanged = false;

  constructor(before: Tables) {
    const records = new Map(before.records);
    const facts = new Map(before.facts);
    super({ records, facts });
    this.#before = before;
    this.#records = records;
    this.#facts = facts;
  }

  /** Adds a resource. Throws if there is one of this type and id. */
  insert(record: NewRecord): CloudRecord {
    if (this.find(record.type, record.id) !== undefined)
      throw new Error(`There is a ${record.type} with the id ${record.id} already`);
    return this.#put({ secrets: [], createdAt: new Date().toISOString(), ...record });
  }

  /** Replaces what `change` names; the rest stays. Throws if there is no such resource. */
  change(type: string, id: string, change: RecordChange): CloudRecord {
    const record = this.find(type, id);
    if (record === undefined) throw new Error(`There is no ${type} with the id ${id}`);
    return this.#put({ ...record, ...change });
  }

  /** Removes a resource; that it is gone already is no error. */
  remove(type: string, id: string): void {
    if (this.#records.delete(key(type, id))) this.#touched.add(key(type, id));
  }

  /** Notes `value` under `key`, for what hangs on no resource. */
  setFact(key: string, value: Json): void {
    this.#facts.set(key, frozenCopy(value));
    this.#factsChanged = true;
  }

  /** The tables after the transaction and what differs, undefined if nothing was touched. */
  outcome(): { tables: Tables; deltas: readonly RecordDelta[] } | undefined {
    if (this.#touched.size === 0 && !this.#factsChanged) return undefined;
    const deltas = [...this.#touched].map((touched) =>
      delta(this.#before.records.get(touched), this.#records.get(touched)),
    );
    return {
      tables: { records: this.#records, facts: this.#facts },
      deltas: deltas.filter(({ before, after }) => before !== after),
    };
  }

  #put(record: CloudRecord): CloudRecord {
    const kept = frozenCopy(record);
    this.#records.set(key(kept.type, kept.id), kept);
    this.#touched.add(key(kept.type, kept.id));
    return kept;
  }
}

/** The tables that hold `records` and `facts`. */
export function tablesOf(records: readonly CloudRecord[], facts: Readonly<Record<string, Json>>): Tables {
  return {
    records: new Map(records.map((record) => [key(record.type, record.id), deepFreeze(record)])),
    facts: new Map(Object.entries(facts)),
  };
}

function key(type: string, id: string): string {
  return `${type} ${id}`;
}

/** A copy as the state file would give it back, so that memory and disk never differ. */
function frozenCopy<T>(value: T): T {
  return deepFreeze(JSON.parse(JSON.stringify(value)) as T);
}

function delta(before: CloudRecord | undefined, after: CloudRecord | undefined): RecordDelta {
  return { ...(before && { before }), ...(after && { after }) };
}
