import { createPublicKey, type KeyObject } from "node:crypto";
import { readTagList } from "./tag-list.ts";

/** RFC 8301 3.2: keys below 1024 bits verify nothing; signers use at least 2048; verifiers need not read over 4096. */
const weakestRsa = 1024;
const soundRsa = 2048;
const longestRsa = 4096;

/** An Ed25519 public key is 32 bare octets (RFC 8032 5.1.5, RFC 8463 4). */
const ed25519Octets = 32;

/** A published DKIM key. */
export interface DkimKey {
  readonly keyType: "rsa" | "ed25519";
  /** Size of an RSA modulus, 256 for Ed25519, 0 for a revoked key. */
  readonly bits: number;
  /** Base64 as `dkimRecord` writes it, whatever the form published: equal keys are equal texts. "" when revoked. */
  readonly publicKey: string;
  /** The owner withdrew the key: p is empty. Nothing verifies with it. */
  readonly revoked: boolean;
  /** Flag y: receivers treat a failed signature as none. */
  readonly testing: boolean;
  /** Hash algorithms allowed, empty when the record leaves them open. */
  readonly hashAlgorithms: readonly string[];
  /** Services the key is for, `["*"]` when the record leaves them open. */
  readonly serviceTypes: readonly string[];
  readonly flags: readonly string[];
  /** Remarks on what is allowed and yet unwise, each a sentence part such as "has 1024 bits; …". */
  readonly notes: readonly string[];
}

/**
 * The key record for a public key in PEM (RFC 6376 3.6.1; Ed25519: RFC 8463 4.2).
 * `v=DKIM1; k=rsa; p=MIIB…`, `v=DKIM1; k=ed25519; p=11qY…`
 * @throws RangeError if it is no public key, another algorithm, or RSA below 2048 bits
 */
export function dkimRecord(publicKeyPem: string): string {
  const key = publicKeyOf(publicKeyPem);
  switch (key.asymmetricKeyType) {
    case "rsa": {
      const bits = modulusBits(key);
      if (bits < soundRsa)
        throw new RangeError(`the DKIM key has ${bits} bits; use at least ${soundRsa} (RFC 8301 3.2)`);
      return `v=DKIM1; k=rsa; p=${rsaText(key)}`;
    }
    case "ed25519":
      return `v=DKIM1; k=ed25519; p=${ed25519Text(key)}`;
    default:
      throw new RangeError(
        `the DKIM key is of type "${key.asymmetricKeyType ?? "?"}"; DKIM has rsa and ed25519`,
      );
  }
}

/**
 * Reads a key record (RFC 6376 3.6.1). `fault` says why receivers can verify no mail with it, as a phrase that
 * follows "the record": `has no p tag`.
 */
export function parseDkimRecord(text: string): DkimKey | { readonly fault: string } {
  const { tags, duplicates, malformed } = readTagList(text);
  if (malformed[0] !== undefined) return { fault: malformedFault(malformed[0]) };
  // RFC 6376 3.2: a tag written twice makes the whole list invalid.
  if (duplicates[0] !== undefined) return { fault: `has the tag "${duplicates[0]}" twice` };

  const notes: string[] = [];
  const version = tags.get("v");
  if (version === undefined) notes.push('does not begin with "v=DKIM1"');
  else if (version !== "DKIM1") return { fault: `has the version "${version}" instead of "DKIM1"` };
  else if ([...tags.keys()][0] !== "v") return { fault: 'has "v=DKIM1", but not as its first tag' };

  const keyType = tags.get("k") ?? "rsa";
  if (keyType !== "rsa" && keyType !== "ed25519") {
    return { fault: `has the key type "${keyType}"; receivers know rsa and ed25519` };
  }

  const hashAlgorithms = colonList(tags.get("h"));
  // RFC 8301 3.1: rsa-sha1 is not verified any more; RFC 8463 3: ed25519 goes with sha256 only.
  if (hashAlgorithms.length > 0 && !hashAlgorithms.includes("sha256")) {
    return { fault: `allows only the hash ${hashAlgorithms.join(", ")}; signatures use sha256` };
  }
  const serviceTypes = colonList(tags.get("s") ?? "*");
  if (!serviceTypes.includes("*") && !serviceTypes.includes("email")) {
    return { fault: `is for the service ${serviceTypes.join(", ") || '""'}, not for email` };
  }
  const flags = colonList(tags.get("t"));
  const testing = flags.includes("y");
  if (testing) notes.push('is in test mode ("t=y"), so receivers may ignore a failed signature');

  const encoded = tags.get("p")?.replace(/[ \t\r\n]/g, "");
  if (encoded === undefined) return { fault: "has no p tag, so it holds no key" };
  const common = { keyType, testing, hashAlgorithms, serviceTypes, flags } as const;
  if (encoded === "") return { ...common, bits: 0, publicKey: "", revoked: true, notes };

  const key = keyType === "rsa" ? readRsa(encoded) : readEd25519(encoded);
  if ("fault" in key) return key;
  if (keyType === "rsa" && key.bits < soundRsa) notes.push(`has ${key.bits} bits; use at least ${soundRsa}`);
  if (key.bits > longestRsa) notes.push(`has ${key.bits} bits; receivers need not verify over ${longestRsa}`);
  return { ...common, bits: key.bits, publicKey: key.publicKey, revoked: false, notes };
}

/**
 * Why `selector` is none, undefined if it is one: labels of letters, digits and inner hyphens, apart by dots
 * (RFC 6376 3.1, RFC 5321 4.1.2 "sub-domain"). A phrase that follows the selector.
 */
export function selectorFault(selector: string): string | undefined {
  if (selector === "") return "is empty";
  if (/[A-Z]/.test(selector)) return `has a capital; write "${selector.toLowerCase()}"`;
  for (const label of selector.split(".")) {
    if (label === "") return "has a dot too many";
    const stranger = /[^a-z0-9-]/u.exec(label)?.[0];
    if (stranger !== undefined)
      return `has ${JSON.stringify(stranger)}; a selector is letters, digits and hyphens`;
    if (label.startsWith("-") || label.endsWith("-")) return `has a hyphen at an end of "${label}"`;
    if (label.length > 63) return `has a label of ${label.length} octets; a label has at most 63`;
  }
  return undefined;
}

interface ReadKey {
  readonly bits: number;
  readonly publicKey: string;
}

function readRsa(encoded: string): ReadKey | { readonly fault: string } {
  const der = decodeBase64(encoded);
  if (der === undefined) return { fault: "has a p tag that is no base64" };
  const key = derKey(der, "spki") ?? derKey(der, "pkcs1");
  if (key === undefined) return { fault: "has a p tag that holds no RSA public key" };
  if (key.asymmetricKeyType !== "rsa") {
    return { fault: `has the key type "rsa", but holds a key of type "${key.asymmetricKeyType ?? "?"}"` };
  }
  const bits = modulusBits(key);
  if (bits < weakestRsa)
    return { fault: `has ${bits} bits; receivers verify from ${weakestRsa} (RFC 8301 3.2)` };
  return { bits, publicKey: rsaText(key) };
}

function readEd25519(encoded: string): ReadKey | { readonly fault: string } {
  const octets = decodeBase64(encoded);
  if (octets === undefined) return { fault: "has a p tag that is no base64" };
  if (octets.length !== ed25519Octets) {
    const hint =
      derKey(octets, "spki") === undefined ? "" : "; publish the bare key, not SubjectPublicKeyInfo";
    return { fault: `holds ${octets.length} octets where an Ed25519 key has ${ed25519Octets}${hint}` };
  }
  return { bits: 256, publicKey: octets.toString("base64") };
}

function publicKeyOf(pem: string): KeyObject {
  // Node derives the public half of a private key without a word; the private half has no business here.
  if (pem.includes("PRIVATE KEY"))
    throw new RangeError("the DKIM record is made from the public key, not the private");
  try {
    return createPublicKey(pem);
  } catch {
    throw new RangeError("the DKIM key is no public key in PEM");
  }
}

/** SubjectPublicKeyInfo as everybody publishes it (RFC 6376 errata 3017), or a bare RSAPublicKey ("pkcs1"). */
function derKey(der: Buffer, type: "spki" | "pkcs1"): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: "der", type });
  } catch {
    return undefined;
  }
}

function modulusBits(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}

function rsaText(key: KeyObject): string {
  return key.export({ format: "der", type: "spki" }).toString("base64");
}

function ed25519Text(key: KeyObject): string {
  return Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url").toString("base64");
}

/** Buffer.from skips what is no base64; a receiver does not. Missing padding is read as everybody reads it. */
function decodeBase64(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const octets = Buffer.from(text, "base64");
  return octets.toString("base64").replace(/=+$/, "") === text.replace(/=+$/, "") ? octets : undefined;
}

function colonList(value = ""): string[] {
  return value
    .split(":")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function malformedFault(piece: string): string {
  return piece === ""
    ? "has nothing between two semicolons"
    : `has ${JSON.stringify(piece)}, which is no tag`;
}
