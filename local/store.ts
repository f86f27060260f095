/**
 * The local cloud's memory: everything that exists in it, in one JSON file that survives a crash at any moment.
 * Calls are synchronous and return after the change is on the disk.
 */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { replaceDurably } from "./store/durable-file.ts";
import { Sealer } from "./store/sealer.ts";
import { StateFile } from "./store/state-file.ts";
import { CloudTransaction, TableReader, tablesOf } from "./store/transaction.ts";
import { WriterLock } from "./store/writer-lock.ts";
import type { Json } from "./store/json.ts";
import type { CloudRecord } from "./store/record.ts";
import type { CloudReader, RecordDelta, Tables } from "./store/transaction.ts";

export { asText, isJsonObject, omit } from "./store/json.ts";
export type { Json, JsonObject } from "./store/json.ts";
export type { CloudRecord, NewRecord, RecordChange } from "./store/record.ts";
export type { CloudReader, CloudTransaction, RecordDelta } from "./store/transaction.ts";
export { CorruptStateError } from "./store/state-file.ts";
export { StoreLockedError } from "./store/writer-lock.ts";

/** What a transaction did, told to listeners after it is on the disk. */
export interface StoreChange {
  /** Counts the changes since the cloud was made. */
  readonly serial: number;
  /** One entry for each record that was created, changed or deleted; none if only facts changed. */
  readonly deltas: readonly RecordDelta[];
}

/** Names of the files in the store's directory. */
export const STORE_FILES = { state: "cloud.json", key: "cloud.key", lock: "cloud.lock" } as const;

/** What exists in the local cloud. Reading is free; changes go through {@link CloudStore.transact}. */
export class CloudStore implements CloudReader {
  readonly #path: string;
  readonly #lock: WriterLock;
  readonly #sealer: Sealer;
  readonly #file: StateFile;
  readonly #listeners = new Set<(change: StoreChange) => void>();
  #tables: Tables;
  #reader: TableReader;
  #serial: number;
  #open = true;
  #busy = false;

  private constructor(path: string, lock: WriterLock, sealer: Sealer) {
    this.#path = path;
    this.#lock = lock;
    this.#sealer = sealer;
    this.#file = new StateFile(path, sealer);
    const { serial, records, facts } = this.#file.read() ?? { serial: 0, records: [], facts: {} };
    this.#serial = serial;
    this.#tables = tablesOf(records, facts);
    this.#reader = new TableReader(this.#tables);
  }

  /**
   * Opens the cloud in `directory`, which is made if missing, for this process alone; readable by its owner only.
   * Throws `StoreLockedError` if another process has it open, `CorruptStateError` if the state file can't be used.
   */
  static open(directory: string): CloudStore {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
    const lock = WriterLock.acquire(join(directory, STORE_FILES.lock));
    try {
      const path = join(directory, STORE_FILES.state);
      return new CloudStore(path, lock, Sealer.fromFile(join(directory, STORE_FILES.key)));
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Counts the changes since the cloud was made. */
  get serial(): number {
    return this.#serial;
  }

  find(type: string, id: string): CloudRecord | undefined {
    return this.#reader.find(type, id);
  }

  list(type: string): readonly CloudRecord[] {
    return this.#reader.list(type);
  }

  all(): readonly CloudRecord[] {
    return this.#reader.all();
  }

  findByUrn(urn: string): readonly CloudRecord[] {
    return this.#reader.findByUrn(urn);
  }

  fact(key: string): Json | undefined {
    return this.#reader.fact(key);
  }

  /** `text` encrypted under the cloud's key, as KMS would do. */
  seal(text: string): string {
    return this.#sealer.seal(text);
  }

  /**
   * Makes all the changes of `change` or, if it throws or the disk refuses, none. Returns what `change` returns, after the
   * changes are on the disk. `change` must be synchronous; a transaction within a transaction is refused.
   */
  transact<T>(change: (transaction: CloudTransaction) => T): T {
    if (!this.#open) throw new Error("The local cloud's store is closed");
    if (this.#busy) throw new Error("A transaction of the local cloud's store is under way already");
    this.#busy = true;
    const transaction = new CloudTransaction(this.#tables);
    let deltas: readonly RecordDelta[] | undefined;
    let result: T;
    try {
      result = change(transaction);
      if (result instanceof Promise)
        throw new Error("A transaction of the local cloud's store is synchronous");
      deltas = this.#commit(transaction);
    } finally {
      this.#busy = false;
    }
    if (deltas !== undefined) this.#tell({ serial: this.#serial, deltas });
    return result;
  }

  /**
   * Calls `listener` after each change, in order. Returns the function that ends this. A listener must not throw: the change is
   * made, so its exception ends the process, as any bug outside a call does.
   */
  onChange(listener: (change: StoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Gives up the sole right to write. Nothing is pending: all is on the disk already. */
  close(): void {
    this.#open = false;
    this.#listeners.clear();
    this.#lock.release();
  }

  /** Writes what a transaction has changed; undefined if that is nothing. */
  #commit(transaction: CloudTransaction): readonly RecordDelta[] | undefined {
    const outcome = transaction.outcome();
    if (outcome === undefined) return undefined;
    const { records, facts } = outcome.tables;
    const serial = this.#serial + 1;
    this.#lock.assertHeld();
    const text = this.#file.render({
      serial,
      records: [...records.values()],
      facts: Object.fromEntries(facts),
    });
    replaceDurably(this.#path, text);
    this.#tables = outcome.tables;
    this.#reader = new TableReader(outcome.tables);
    this.#serial = serial;
    return outcome.deltas;
  }

  #tell(change: StoreChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
