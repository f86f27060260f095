import type { CloudRecord, CloudTransaction, JsonObject } from "../store.ts";
import { AWS_TYPES } from "./types.ts";

/** The instance's own fact for having been stopped; without it, it runs. */
const STOPPED = "isStopped";

/** Changes for which the real provider stops an instance and starts it again. */
const NEEDS_RESTART = ["instanceType", "userData", "userDataBase64"];

/** What EC2 calls an instance's state, as far as the local cloud knows states. */
export function instanceState({ outputs }: CloudRecord): "running" | "stopped" {
  return outputs[STOPPED] === true ? "stopped" : "running";
}

/** Stops an instance, as the removal of a volume may ask for. Nothing starts it again but a change that restarts it. */
export function stopInstance(cloud: CloudTransaction, instanceId: string): void {
  const instance = cloud.find(AWS_TYPES.instance, instanceId);
  if (instance === undefined) return;
  cloud.change(AWS_TYPES.instance, instanceId, { outputs: { ...instance.outputs, [STOPPED]: true } });
}

/** What to record when an instance changes in place: that it runs, if it had to be started again. */
export function stateAfterChange({ inputs }: CloudRecord, after: JsonObject): JsonObject {
  return NEEDS_RESTART.some((name) => inputs[name] !== after[name]) ? { [STOPPED]: false } : {};
}
