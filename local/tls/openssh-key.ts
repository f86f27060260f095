/** A key pair in the formats of OpenSSH. */
import { createHash, randomInt } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { mpint, sshString, uint32 } from "./ssh-wire.ts";

/** A private key and its public half in OpenSSH's formats. */
export interface OpensshKey {
  /** `-----BEGIN OPENSSH PRIVATE KEY-----` (OpenSSH's PROTOCOL.key), not encrypted. */
  readonly privateKey: string;
  /** A line of authorized_keys without comment: `ssh-rsa AAAA…`. */
  readonly publicKey: string;
  /** `aa:bb:…`, as ssh-keygen -l -E md5 shows it. */
  readonly fingerprintMd5: string;
  /** `SHA256:…`, as ssh-keygen -l shows it. */
  readonly fingerprintSha256: string;
}

/** The parts of a key as OpenSSH writes them, each encoded already. */
interface Parts {
  readonly algorithm: string;
  readonly publicParts: readonly Buffer[];
  readonly privateParts: readonly Buffer[];
}

/** SSH's names of the NIST curves (RFC 5656 section 10.1). P-224 has none. */
const CURVES: Readonly<Record<string, string>> = {
  "P-256": "nistp256",
  "P-384": "nistp384",
  "P-521": "nistp521",
};

/** OpenSSH pads what it would encrypt to a multiple of this. */
const BLOCK_BYTES = 8;

/** Writes `key` as OpenSSH does; undefined for a kind of key that OpenSSH doesn't have. */
export function opensshKey(key: KeyObject): OpensshKey | undefined {
  // Neither has JSON Web Key, which node:crypto then refuses to write.
  if (key.asymmetricKeyDetails?.namedCurve === "secp224r1") return undefined;
  const parts = partsOf(key.export({ format: "jwk" }));
  if (parts === undefined) return undefined;
  const blob = Buffer.concat([sshString(parts.algorithm), ...parts.publicParts]);
  const md5 = createHash("md5").update(blob).digest("hex");
  return {
    privateKey: armor(privateContainer(parts, blob)),
    publicKey: `${parts.algorithm} ${blob.toString("base64")}`,
    fingerprintMd5: md5.replace(/..(?!$)/g, "$&:"),
    fingerprintSha256: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
  };
}

function partsOf(jwk: JsonWebKey): Parts | undefined {
  switch (jwk.kty) {
    case "RSA":
      return rsaParts(jwk);
    case "EC":
      return ecParts(jwk);
    case "OKP":
      return ed25519Parts(jwk);
    default:
      return undefined;
  }
}

function rsaParts({ n, e, d, p, q, qi }: JsonWebKey): Parts {
  return {
    algorithm: "ssh-rsa",
    publicParts: [mpint(octets(e)), mpint(octets(n))],
    privateParts: [n, e, d, qi, p, q].map((number) => mpint(octets(number))),
  };
}

function ecParts({ crv = "", x, y, d }: JsonWebKey): Parts | undefined {
  const curve = CURVES[crv];
  if (curve === undefined) return undefined;
  // An uncompressed point (SEC 1 section 2.3.3).
  const publicParts = [sshString(curve), sshString(Buffer.concat([Buffer.of(4), octets(x), octets(y)]))];
  return {
    algorithm: `ecdsa-sha2-${curve}`,
    publicParts,
    privateParts: [...publicParts, mpint(octets(d))],
  };
}

function ed25519Parts({ x, d }: JsonWebKey): Parts {
  return {
    algorithm: "ssh-ed25519",
    publicParts: [sshString(octets(x))],
    privateParts: [sshString(octets(x)), sshString(Buffer.concat([octets(d), octets(x)]))],
  };
}

/** Header, public half, and the private half between two equal numbers that would prove a pass phrase right. */
function privateContainer({ algorithm, privateParts }: Parts, blob: Buffer): Buffer {
  const check = uint32(randomInt(2 ** 32));
  const comment = sshString("");
  const secret = Buffer.concat([check, check, sshString(algorithm), ...privateParts, comment]);
  const padding = Buffer.from(
    Array.from({ length: -secret.length & (BLOCK_BYTES - 1) }, (_, index) => index + 1),
  );
  return Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    sshString("none"),
    sshString("none"),
    sshString(""),
    uint32(1),
    sshString(blob),
    sshString(Buffer.concat([secret, padding])),
  ]);
}

function armor(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join(
    "\n",
  );
}

function octets(base64url: string | undefined): Buffer {
  return Buffer.from(base64url ?? "", "base64url");
}
