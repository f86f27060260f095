import { createHash, createPublicKey, generateKeyPair } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { JsonObject } from "../store.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import { resourceSchema } from "../provider/schemas.ts";
import { opensshKey } from "./openssh-key.ts";

const TYPE = "tls:index/privateKey:PrivateKey";

const generate = promisify(generateKeyPair);

/** The curves of ECDSA keys, by OpenSSL's names. P224 is the real provider's default. */
const CURVES = { P224: "secp224r1", P256: "prime256v1", P384: "secp384r1", P521: "secp521r1" } as const;
const DEFAULT_CURVE = "P224";
const DEFAULT_RSA_BITS = 2048;
const ALGORITHMS = ["RSA", "ECDSA", "ED25519"] as const;

interface Inputs {
  readonly algorithm: (typeof ALGORITHMS)[number];
  readonly ecdsaCurve?: keyof typeof CURVES;
  readonly rsaBits?: number;
}

/**
 * tls:index/privateKey:PrivateKey. A logical resource: the key lives in the engine's state, where it is encrypted, and nowhere
 * else. So there is nothing to look up and nothing to delete.
 */
export function privateKey(): ResourceDefinition {
  return {
    type: TYPE,
    schema: resourceSchema(TYPE),
    formats: {
      algorithm: memberOf(ALGORITHMS),
      ecdsaCurve: memberOf(Object.keys(CURVES)),
      rsaBits: (bits: number) =>
        Number.isInteger(bits) && bits >= 1024 && bits <= 16384
          ? undefined
          : `an RSA key needs a whole number of bits from 1024 to 16384, got ${bits}`,
    },
    forcesNew: ["algorithm", "ecdsaCurve", "rsaBits"],
    secretOutputs: ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"],
    derive: ({ ecdsaCurve, rsaBits }) => ({
      ecdsaCurve: ecdsaCurve ?? DEFAULT_CURVE,
      rsaBits: rsaBits ?? DEFAULT_RSA_BITS,
    }),
    create: async ({ inputs }) => outputsOf(await newKey(inputs as unknown as Inputs)),
    read: ({ id, inputs, secrets, state }) => {
      if (Object.keys(state).length === 0)
        throw new Error("A private key can't be imported: it lives in the state only");
      return { id, inputs, outputs: state, secrets };
    },
    update: ({ state }) => state,
    delete: () => undefined,
  };
}

async function newKey({
  algorithm,
  ecdsaCurve = DEFAULT_CURVE,
  rsaBits = DEFAULT_RSA_BITS,
}: Inputs): Promise<KeyObject> {
  switch (algorithm) {
    case "RSA":
      return (await generate("rsa", { modulusLength: rsaBits })).privateKey;
    case "ECDSA":
      return (await generate("ec", { namedCurve: CURVES[ecdsaCurve] })).privateKey;
    case "ED25519":
      return (await generate("ed25519")).privateKey;
  }
}

function outputsOf(key: KeyObject): { id: string; outputs: JsonObject } {
  const publicKey = createPublicKey(key);
  const openssh = opensshKey(key);
  return {
    id: createHash("sha1")
      .update(publicKey.export({ type: "spki", format: "der" }))
      .digest("hex"),
    outputs: {
      privateKeyPem: key.export({ type: traditionalType(key), format: "pem" }).toString(),
      privateKeyPemPkcs8: key.export({ type: "pkcs8", format: "pem" }).toString(),
      privateKeyOpenssh: openssh?.privateKey ?? "",
      publicKeyPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
      publicKeyOpenssh: openssh === undefined ? "" : `${openssh.publicKey}\n`,
      publicKeyFingerprintMd5: openssh?.fingerprintMd5 ?? "",
      publicKeyFingerprintSha256: openssh?.fingerprintSha256 ?? "",
    },
  };
}

/** The older format that each kind of key has of its own: PKCS #1 (RFC 8017), SEC 1 (RFC 5915); Ed25519 has none. */
function traditionalType({ asymmetricKeyType }: KeyObject): "pkcs1" | "sec1" | "pkcs8" {
  if (asymmetricKeyType === "rsa") return "pkcs1";
  return asymmetricKeyType === "ec" ? "sec1" : "pkcs8";
}

function memberOf(words: readonly string[]): (value: string) => string | undefined {
  return (value) =>
    words.includes(value)
      ? undefined
      : `value must be one of: ${words.map((word) => JSON.stringify(word)).join(", ")}`;
}
