import { randomBytes } from "node:crypto";

/** A name that starts with `prefix`: the real provider adds the time and a counter, 26 digits together. */
export function generatedName(prefix: string): string {
  const time = new Date().toISOString().replace(/\D/g, "").padEnd(18, "0");
  return `${prefix}${time}${randomBytes(4).toString("hex")}`;
}
