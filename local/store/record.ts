import type { JsonObject } from "./json.ts";

/** What exists in the local cloud: one resource, as it is now. Deeply frozen. */
export interface CloudRecord {
  /** Pulumi type token, such as `aws:ec2/eip:Eip`. */
  readonly type: string;
  /** Unique within its type, in the look of the real cloud's ids. */
  readonly id: string;
  /** URN of the request that created it; the same for a resource and its replacement while both exist. */
  readonly urn: string;
  /** What the cloud itself calls it (role name, record name), if that isn't the id. */
  readonly name?: string;
  /** The inputs in force, and the properties that the cloud answers with. */
  readonly inputs: JsonObject;
  readonly outputs: JsonObject;
  /** Names of the inputs and outputs that are encrypted in the state file. In memory they are in clear. */
  readonly secrets: readonly string[];
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

/** A record to insert: `secrets` defaults to none, `createdAt` to now. */
export type NewRecord = Omit<CloudRecord, "secrets" | "createdAt"> &
  Partial<Pick<CloudRecord, "secrets" | "createdAt">>;

/** What of a record can change in its life. */
export type RecordChange = Partial<Pick<CloudRecord, "name" | "inputs" | "outputs" | "secrets">>;
