import { createHash, randomBytes } from "node:crypto";

const HEX_DIGITS = 17;

/** A new id in the look of EC2's: `eipalloc-0a1b2c3d4e5f67890`. */
export function newId(prefix: string): string {
  return `${prefix}-0${randomBytes(HEX_DIGITS)
    .toString("hex")
    .slice(0, HEX_DIGITS - 1)}`;
}

/** The id of something that exists in every account from the start, the same each time: default network, public images. */
export function fixedId(prefix: string, ...names: readonly string[]): string {
  const digest = createHash("sha256").update(names.join("\n")).digest("hex");
  return `${prefix}-0${digest.slice(0, HEX_DIGITS - 1)}`;
}

/** A new unique id in the look of IAM's, such as `AROAIOSFODNN7EXAMPLE1`: a prefix for the kind, 17 letters and digits. */
export function newIamId(prefix: "AROA" | "AIPA"): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return prefix + [...randomBytes(17)].map((byte) => alphabet.charAt(byte % alphabet.length)).join("");
}
