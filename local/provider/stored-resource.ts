import type { CloudReader, CloudRecord, CloudStore, CloudTransaction, JsonObject } from "../store.ts";
import type { ResourceDefinition, ResourceRequest, ResourceTraits } from "./definition.ts";
import { secretNames } from "./secrets.ts";

/** A new resource: its id, its name in the cloud if that isn't the id, and what is recorded of it besides the inputs. */
export interface Made {
  readonly id: string;
  readonly name?: string;
  /**
   * What is fixed or counted for its life, such as address, ARN, version. May hold facts under names that the SDK doesn't
   * know: they are recorded and never sent to the engine.
   */
  readonly outputs: JsonObject;
}

/**
 * A resource type that lives in the store. The handlers are synchronous and run inside one transaction together with the
 * change of the resource's own record: what they throw undoes everything. `Inputs` is how the handlers see the inputs, which
 * have passed the checks by then; `Facts` is what `prepare` finds out.
 */
export interface StoredResource<Inputs = JsonObject, Facts = undefined> extends ResourceTraits {
  /** Asks the outside world, such as DNS, before a creation or an update. The answer goes to the handlers. */
  prepare?(inputs: Inputs, cloud: CloudReader): Promise<Facts>;
  /** Checks the cloud's rules and makes the resource. The record is inserted afterwards. */
  create(cloud: CloudTransaction, inputs: Inputs, request: ResourceRequest, facts: Facts): Made;
  /** Checks the cloud's rules for new inputs; returns what changes of the recorded outputs. By default nothing does. */
  update?(cloud: CloudTransaction, record: CloudRecord, inputs: Inputs, facts: Facts): JsonObject;
  /** The outputs that the cloud answers with at any time. By default the recorded ones. */
  view?(cloud: CloudReader, record: CloudRecord, inputs: Inputs): JsonObject;
  /** Checks the cloud's rules and undoes effects on other resources. The record is removed afterwards. */
  delete?(cloud: CloudTransaction, record: CloudRecord, inputs: Inputs): void;
}

/** Joins a stored resource type and the store into what a provider serves. */
export function storedResource<Inputs = JsonObject, Facts = undefined>(
  store: CloudStore,
  resource: StoredResource<Inputs, Facts>,
): ResourceDefinition {
  const { type } = resource;
  const prepare = async (inputs: JsonObject): Promise<Facts> =>
    (await resource.prepare?.(inputs as Inputs, store)) as Facts;
  const view = (cloud: CloudReader, record: CloudRecord): JsonObject =>
    resource.view?.(cloud, record, record.inputs as Inputs) ?? record.outputs;
  return {
    ...(resource as ResourceTraits),

    async create(request) {
      const { urn, inputs, secrets } = request;
      const facts = await prepare(inputs);
      return store.transact((cloud) => {
        const made = resource.create(cloud, inputs as Inputs, request, facts);
        const record = cloud.insert({ type, urn, inputs, secrets: secretNames(resource, secrets), ...made });
        return { id: record.id, outputs: view(cloud, record) };
      });
    },

    read({ id }) {
      const record = store.find(type, id);
      return record && { ...record, outputs: view(store, record) };
    },

    async update({ id, inputs, secrets }) {
      const facts = await prepare(inputs);
      return store.transact((cloud) => {
        const record = cloud.find(type, id);
        if (record === undefined) throw new Error(`${type} ${id} doesn't exist any more. Run pulumi refresh`);
        const changed = resource.update?.(cloud, record, inputs as Inputs, facts);
        // The handler may have changed the record by way of other resources.
        const outputs = { ...cloud.find(type, id)?.outputs, ...changed };
        return view(
          cloud,
          cloud.change(type, id, { inputs, outputs, secrets: secretNames(resource, secrets) }),
        );
      });
    },

    delete({ id }) {
      store.transact((cloud) => {
        const record = cloud.find(type, id);
        if (record === undefined) return;
        resource.delete?.(cloud, record, record.inputs as Inputs);
        cloud.remove(type, id);
      });
    },
  };
}
