import { gunzipSync } from "node:zlib";
import { hole } from "./hole.ts";
import { mimeParts } from "./mime.ts";

/** What cloud-init does with a part of user data (its manual, "User-data formats"). */
export type PartKind = "cloud-config" | "boothook" | "script" | "archive" | "include" | "other";

/** One part of user data, decoded. */
export interface UserDataPart {
  readonly kind: PartKind;
  /** Names the script among others: they run in the order of their names. */
  readonly fileName: string | undefined;
  readonly text: string;
  /** How to merge a cloud-config into those before it, if the part's header says. */
  readonly mergeType: string | undefined;
  /** Whether it speaks of Postfix, also where it can't be followed. */
  readonly mentionsPostfix: boolean;
}

/** User data as parts, or why it can't be read. */
export type DecodedUserData = { readonly parts: readonly UserDataPart[] } | { readonly fault: string };

/** Most octets of user data that are looked at. EC2 takes 16 KB. */
const maxUserData = 65_536;

/** Most octets that a gzip file in user data may unpack to here. */
export const maxUnpacked = 524_288;

/**
 * Undoes what user data may be wrapped in: base64, gzip, MIME multipart.
 * @param plain the instance's `userData`, a text; AWS takes it in base64 too
 * @param base64 the instance's `userDataBase64`
 */
export function decodeUserData(plain: string | undefined, base64: string | undefined): DecodedUserData {
  const octets = base64 === undefined ? fromPlain(plain ?? "") : Buffer.from(base64, "base64");
  if (octets === undefined) return { fault: "is shown as a hash only" };
  if (octets.length > maxUserData) return { fault: `takes ${octets.length} octets, where EC2 takes 16384` };
  const unpacked = unzipped(octets);
  if (unpacked === undefined) return { fault: "is no complete gzip file of reasonable size" };
  return { parts: partsOf(unpacked) };
}

/** The text of a gzip file; other octets as they are; undefined if it is broken or unpacks to too much. */
export function unzipped(octets: Buffer): Buffer | undefined {
  if (!isGzip(octets)) return octets;
  try {
    return gunzipSync(octets, { maxOutputLength: maxUnpacked });
  } catch {
    return undefined;
  }
}

function fromPlain(text: string): Buffer | undefined {
  // The AWS provider kept a SHA-1 hash in place of the text until its version 7.
  if (/^[0-9a-f]{40}$/.test(text)) return undefined;
  const compact = text.replace(/\s+/g, "");
  if (compact.length % 4 === 0 && /^[A-Za-z0-9+/]{16,}={0,2}$/.test(compact)) {
    const octets = Buffer.from(compact, "base64");
    if (isGzip(octets) || kindOf(octets.toString()) !== "other" || isMime(octets)) return octets;
  }
  return Buffer.from(text);
}

function isGzip(octets: Buffer): boolean {
  return octets[0] === 0x1f && octets[1] === 0x8b;
}

/** As cloud-init tells: by a MIME-Version field near the beginning. */
function isMime(octets: Buffer): boolean {
  return octets.subarray(0, 4096).toString("latin1").toLowerCase().includes("mime-version:");
}

function partsOf(octets: Buffer): UserDataPart[] {
  if (!isMime(octets)) return [partOf(octets.toString(), undefined, undefined, undefined)];
  return mimeParts(octets).flatMap(({ contentType, fileName, fields, body }) => {
    const text = unzipped(body)?.toString();
    const mergeType = fields.get("merge-type") ?? fields.get("x-merge-type");
    return text === undefined ? [] : [partOf(text, contentType, fileName, mergeType)];
  });
}

const kindByType: ReadonlyMap<string, PartKind> = new Map([
  ["text/cloud-config", "cloud-config"],
  ["text/cloud-config-archive", "archive"],
  ["text/cloud-boothook", "boothook"],
  ["text/x-shellscript-per-boot", "script"],
  ["text/x-shellscript-per-instance", "script"],
  ["text/x-shellscript-per-once", "script"],
  ["text/x-include-url", "include"],
  ["text/x-include-once-url", "include"],
]);

/** Longest first. */
const kindByBeginning: readonly (readonly [beginning: string, kind: PartKind])[] = [
  ["#cloud-config-archive", "archive"],
  ["#cloud-config-jsonp", "other"],
  ["#cloud-config", "cloud-config"],
  ["#cloud-boothook", "boothook"],
  ["#include", "include"],
  ["#!", "script"],
];

/** A part by its content type, or by how it begins where the type says nothing. */
export function partOf(
  text: string,
  contentType: string | undefined,
  fileName: string | undefined,
  mergeType: string | undefined,
): UserDataPart {
  const rendered = withoutTemplate(text);
  const kind = kindByType.get(contentType ?? "") ?? kindOf(rendered);
  return { kind, fileName, text: rendered, mergeType, mentionsPostfix: /postfix|postconf/i.test(text) };
}

function kindOf(text: string): PartKind {
  const beginning = text.trimStart().slice(0, 64).toLowerCase();
  return kindByBeginning.find(([start]) => beginning.startsWith(start))?.[1] ?? "other";
}

/**
 * A part that is a template, with holes in place of variables. Which of its branches apply can't be told, so a template
 * with statements is a hole from its first line on.
 */
function withoutTemplate(text: string): string {
  const [, body] = /^\s*##\s*template:\s*jinja[^\n]*\n([\s\S]*)$/i.exec(text) ?? [];
  if (body === undefined) return text;
  const plain = replaceBetween(body, "{#", "#}", "");
  if (!plain.includes("{%")) return replaceBetween(plain, "{{", "}}", hole);
  return `${plain.split("\n", 1)[0] ?? ""}\n${hole}`;
}

function replaceBetween(text: string, open: string, close: string, replacement: string): string {
  const pieces: string[] = [];
  let at = 0;
  for (;;) {
    const start = text.indexOf(open, at);
    const end = start < 0 ? -1 : text.indexOf(close, start + open.length);
    if (end < 0) return pieces.join("") + text.slice(at);
    pieces.push(text.slice(at, start), replacement);
    at = end + close.length;
  }
}
