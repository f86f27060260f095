import type { CloudRecord, JsonObject } from "../store.ts";
import { ApiError } from "./api-error.ts";
import type { ApiCall } from "./api-error.ts";

/** What EC2 accepts, before base64 (EC2 User Guide, "Instance user data"). */
const MAX_BYTES = 16 * 1024;

/** The record's own fact for user data that came after the first boot, see `bootedUserData`. */
const FIRST_BOOT = "firstBootUserData";

/** Refuses user data over EC2's limit, counted in bytes before base64. */
export function assertUserDataSize(call: ApiCall, inputs: JsonObject): void {
  const data = userData(inputs);
  if (data !== undefined && data.length > MAX_BYTES) {
    throw new ApiError(call, "InvalidParameterValue", `User data is limited to ${MAX_BYTES} bytes`);
  }
}

/**
 * The user data that cloud-init has run on an instance: that of its first boot. What was changed in place afterwards is there
 * to read but was never run. Undefined if there was none.
 */
export function bootedUserData({ inputs, outputs }: CloudRecord): Buffer | undefined {
  const first = outputs[FIRST_BOOT];
  return typeof first === "string" ? Buffer.from(first, "base64") : userData(inputs);
}

/** What to record when user data changes in place: the data of the first boot, as long as it isn't recorded already. */
export function keepFirstBoot({ inputs, outputs }: CloudRecord, after: JsonObject): JsonObject {
  const before = userData(inputs) ?? Buffer.alloc(0);
  const isSame = before.equals(userData(after) ?? Buffer.alloc(0));
  return isSame || FIRST_BOOT in outputs ? {} : { [FIRST_BOOT]: before.toString("base64") };
}

/** Whether a text is base64, as `userDataBase64` has to be. */
export function base64(value: string): string | undefined {
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value);
  return isBase64 ? undefined : "must be base64-encoded";
}

/** The user data of an instance as it is declared now, before base64; undefined if there is none. */
export function userData({ userData: text, userDataBase64: encoded }: JsonObject): Buffer | undefined {
  if (typeof text === "string") return Buffer.from(text, "utf8");
  return typeof encoded === "string" ? Buffer.from(encoded, "base64") : undefined;
}
