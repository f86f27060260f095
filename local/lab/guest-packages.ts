import { gunzipSync } from "node:zlib";
import { parse } from "yaml";

/** The most that user data may grow to when it is unpacked. */
const MAX_UNPACKED = 1024 * 1024;

/**
 * The Debian packages that user data has cloud-init install, as far as it is a cloud-config, gzipped or not, and names
 * them plainly: with these in its image already, a guest boots as if its mirror were near.
 */
export function guestPackages(userData: Buffer | undefined): string[] {
  if (userData === undefined) return [];
  const isPacked = userData[0] === 0x1f && userData[1] === 0x8b;
  const text = (isPacked ? gunzipSync(userData, { maxOutputLength: MAX_UNPACKED }) : userData).toString(
    "utf8",
  );
  if (!/^#cloud-config\s/.test(text)) return [];
  const config = parse(text, { version: "1.1", logLevel: "error" }) as { packages?: unknown } | null;
  const packages: readonly unknown[] = Array.isArray(config?.packages) ? config.packages : [];
  return packages.filter((name) => typeof name === "string");
}
