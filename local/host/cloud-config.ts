import { gunzipSync } from "node:zlib";
import { parse } from "yaml";

/** What cloud-init makes of user data, as far as a sending host is concerned. */
export interface CloudConfig {
  /** The host's full name, if it is given one. */
  readonly fqdn?: string;
  /** Files by path, with their content. */
  readonly files: ReadonlyMap<string, string>;
}

/** The most that user data may grow to when it is unpacked. */
const MAX_UNPACKED = 1024 * 1024;

/**
 * Reads a cloud-config, gzipped or not: `fqdn` and `write_files` with their encodings and `append` (cloud-init's modules
 * "Update Hostname" and "Write Files"). Throws a sentence on anything else, such as a script or a MIME archive.
 */
export function readCloudConfig(userData: Buffer): CloudConfig {
  const text = unpack(userData).toString("utf8");
  if (!/^#cloud-config\s/.test(text))
    throw new Error(
      "its user data is no cloud-config, the only kind that the local cloud without root can run",
    );
  const config: unknown = parse(text, { version: "1.1", logLevel: "error" });
  if (typeof config !== "object" || config === null) return { files: new Map() };
  const { fqdn, write_files: entries } = config as { fqdn?: unknown; write_files?: unknown };
  const files = new Map<string, string>();
  for (const entry of Array.isArray(entries) ? (entries as FileEntry[]) : []) {
    if (typeof entry.path !== "string") continue;
    const before = entry.append === true ? (files.get(entry.path) ?? "") : "";
    files.set(entry.path, before + decode(entry));
  }
  return { files, ...(typeof fqdn === "string" && { fqdn }) };
}

interface FileEntry {
  readonly path?: unknown;
  readonly content?: unknown;
  readonly encoding?: unknown;
  readonly append?: unknown;
}

function decode({ content, encoding }: FileEntry): string {
  const text =
    typeof content === "string"
      ? content
      : content instanceof Uint8Array
        ? Buffer.from(content).toString("latin1")
        : "";
  switch (encoding) {
    case "b64":
    case "base64":
      return Buffer.from(text, "base64").toString("utf8");
    case "gz+b64":
    case "gzip+b64":
    case "gz+base64":
    case "gzip+base64":
      return unpack(Buffer.from(text, "base64")).toString("utf8");
    case "gz":
    case "gzip":
      return unpack(Buffer.from(text, "latin1")).toString("utf8");
    default:
      return text;
  }
}

function unpack(octets: Buffer): Buffer {
  const isGzip = octets[0] === 0x1f && octets[1] === 0x8b;
  return isGzip ? gunzipSync(octets, { maxOutputLength: MAX_UNPACKED }) : octets;
}
