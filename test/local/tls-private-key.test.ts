import { execFileSync } from "node:child_process";
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkShape } from "../../local/provider/check-shape.ts";
import { resourceSchema } from "../../local/provider/schemas.ts";
import { UNKNOWN } from "../../local/provider/values.ts";
import type { Properties } from "../../local/provider/values.ts";
import { opensshKey } from "../../local/tls/openssh-key.ts";
import { tlsProvider } from "../../local/tls/provider.ts";
import { mpint } from "../../local/tls/ssh-wire.ts";
import { ProviderClient, urn } from "./provider-client.ts";

const KEY = "tls:index/privateKey:PrivateKey";
const PRIVATE = ["privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"];

let client: ProviderClient;
beforeEach(async () => {
  client = await ProviderClient.start(tlsProvider());
});
afterEach(() => client.close());

/** Makes a key; its outputs are all texts but for the number of bits. */
async function makeKey(inputs: Properties): Promise<Record<string, string>> {
  const { outputs } = await client.up(KEY, "dkim", inputs);
  expect(checkShape(outputs, resourceSchema(KEY).outputs)).toEqual([]);
  return outputs as Record<string, string>;
}

/** Runs ssh-keygen over a file with this text; returns what it says and what the file holds afterwards. */
function sshKeygen(text: string, ...args: readonly string[]): { said: string; file: string } {
  const folder = mkdtempSync(join(tmpdir(), "okmail-"));
  try {
    const file = join(folder, "key");
    writeFileSync(file, text, { mode: 0o600 });
    const said = execFileSync("ssh-keygen", [...args, "-f", file], { encoding: "utf8" });
    return { said, file: readFileSync(file, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const hasSshKeygen = ((): boolean => {
  try {
    execFileSync("ssh-keygen", ["-Q", "key"], { stdio: "ignore" });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
})();

const KINDS: readonly [string, Properties, string, string][] = [
  ["an RSA key of 2048 bits by default", { algorithm: "RSA" }, "BEGIN RSA PRIVATE KEY", "ssh-rsa"],
  ["an RSA key of 1024 bits", { algorithm: "RSA", rsaBits: 1024 }, "BEGIN RSA PRIVATE KEY", "ssh-rsa"],
  [
    "an ECDSA key on P-256",
    { algorithm: "ECDSA", ecdsaCurve: "P256" },
    "BEGIN EC PRIVATE KEY",
    "ecdsa-sha2-nistp256",
  ],
  [
    "an ECDSA key on P-384",
    { algorithm: "ECDSA", ecdsaCurve: "P384" },
    "BEGIN EC PRIVATE KEY",
    "ecdsa-sha2-nistp384",
  ],
  [
    "an ECDSA key on P-521",
    { algorithm: "ECDSA", ecdsaCurve: "P521" },
    "BEGIN EC PRIVATE KEY",
    "ecdsa-sha2-nistp521",
  ],
  ["an Ed25519 key", { algorithm: "ED25519" }, "BEGIN PRIVATE KEY", "ssh-ed25519"],
];

describe.each(KINDS)("%s", (_, inputs, heading, sshType) => {
  test("is the same key in every format", async () => {
    const key = await makeKey(inputs);
    expect(key.privateKeyPem).toContain(heading);
    const spki = key.publicKeyPem ?? "";
    for (const name of ["privateKeyPem", "privateKeyPemPkcs8"]) {
      const publicKey = createPublicKey(createPrivateKey(key[name] ?? ""));
      expect(publicKey.export({ type: "spki", format: "pem" })).toBe(spki);
    }
    expect(key.publicKeyOpenssh).toMatch(new RegExp(`^${sshType} [A-Za-z0-9+/=]+\n$`));
    const blob = Buffer.from(key.publicKeyOpenssh?.split(" ")[1] ?? "", "base64");
    const sha256 = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
    expect(key.publicKeyFingerprintSha256).toBe(`SHA256:${sha256}`);
    expect(key.publicKeyFingerprintMd5).toMatch(/^(?:[0-9a-f]{2}:){15}[0-9a-f]{2}$/);
  });

  test.runIf(hasSshKeygen)("is read by ssh-keygen, which finds the same public half", async () => {
    const key = await makeKey(inputs);
    const publicKey = key.publicKeyOpenssh ?? "";
    expect(sshKeygen(key.privateKeyOpenssh ?? "", "-y").said.trim()).toBe(publicKey.trim());
    expect(sshKeygen(publicKey, "-l").said).toContain(key.publicKeyFingerprintSha256);
    expect(sshKeygen(publicKey, "-l", "-E", "md5").said).toContain(key.publicKeyFingerprintMd5);
  });

  // ssh-keygen writes Ed25519 keys in its own format only.
  test.runIf(hasSshKeygen && sshType !== "ssh-ed25519")(
    "is the same when ssh-keygen writes PEM",
    async () => {
      const key = await makeKey(inputs);
      const { file } = sshKeygen(key.privateKeyOpenssh ?? "", "-p", "-m", "PEM", "-P", "", "-N", "");
      const jwk = (pem: string): unknown => createPrivateKey(pem).export({ format: "jwk" });
      expect(jwk(file)).toEqual(jwk(key.privateKeyPem ?? ""));
    },
  );
});

test("an ECDSA key is on P-224 by default, which OpenSSH doesn't have", async () => {
  const key = await makeKey({ algorithm: "ECDSA" });
  expect(key.ecdsaCurve).toBe("P224");
  expect(createPrivateKey(key.privateKeyPem ?? "").asymmetricKeyDetails?.namedCurve).toBe("secp224r1");
  expect([key.privateKeyOpenssh, key.publicKeyOpenssh, key.publicKeyFingerprintMd5]).toEqual(["", "", ""]);
});

test("an RSA key has the bits asked for", async () => {
  const key = await makeKey({ algorithm: "RSA", rsaBits: 3072 });
  expect(createPrivateKey(key.privateKeyPem ?? "").asymmetricKeyDetails?.modulusLength).toBe(3072);
  expect(key.rsaBits).toBe(3072);
});

test("no two keys are the same", async () => {
  const [first, second] = [await makeKey({ algorithm: "ED25519" }), await makeKey({ algorithm: "ED25519" })];
  expect(first.publicKeyPem).not.toBe(second.publicKeyPem);
});

test("the id is the SHA-1 of the public key", async () => {
  const { id, outputs } = await client.up(KEY, "dkim", { algorithm: "ED25519" });
  const der = createPublicKey(outputs.publicKeyPem as string).export({ type: "spki", format: "der" });
  expect(id).toBe(createHash("sha1").update(der).digest("hex"));
});

test("the private halves are secret, in preview and up, and nothing else is", async () => {
  for (const preview of [true, false]) {
    const { secrets, outputs } = await client.create(KEY, "dkim", { algorithm: "RSA" }, { preview });
    expect([...secrets].sort()).toEqual(PRIVATE);
    expect(outputs.publicKeyPem === UNKNOWN).toBe(preview);
    expect(outputs).toMatchObject({ algorithm: "RSA", rsaBits: 2048, ecdsaCurve: "P224" });
  }
});

test("a refresh gives back what the state has, as secret as it was", async () => {
  const state = await client.up(KEY, "dkim", { algorithm: "ED25519" });
  expect(await client.refresh(state)).toEqual(state);
  const { wrap } = await import("../../local/provider/values.ts");
  const request = new rpc.ReadRequest()
    .setId(state.id)
    .setUrn(urn(KEY, "dkim"))
    .setProperties(wrap(state.outputs, PRIVATE))
    .setInputs(wrap(state.inputs));
  const answer = await promisify<rpc.ReadRequest, rpc.ReadResponse>(client.raw.read.bind(client.raw))(
    request,
  );
  expect(JSON.stringify(answer.getProperties()?.toJavaScript().privateKeyPem)).toContain(
    "1b47061264138c4ac30d75fd1eb44270",
  );
});

test("a key can't be imported, only made anew", async () => {
  await expect(client.import(KEY, "dkim", "0")).rejects.toThrow("lives in the state only");
});

test.each<[Properties, string]>([
  [{}, "Missing required property 'algorithm'"],
  [{ algorithm: "rsa" }, 'value must be one of: "RSA", "ECDSA", "ED25519"'],
  [{ algorithm: "ECDSA", ecdsaCurve: "P255" }, 'value must be one of: "P224", "P256", "P384", "P521"'],
  [{ algorithm: "RSA", rsaBits: 512 }, "from 1024 to 16384, got 512"],
  [{ algorithm: "RSA", rsaBits: 2048.5 }, "a whole number of bits"],
  [{ algorithm: "RSA", bits: 2048 }, "Invalid or unknown key"],
])("refuses %j", async (inputs, message) => {
  await expect(client.up(KEY, "dkim", inputs)).rejects.toThrow(message);
});

test.each(["algorithm", "ecdsaCurve", "rsaBits"])("another %s needs another key", async (property) => {
  const inputs = { algorithm: "RSA", ecdsaCurve: "P224", rsaBits: 2048 };
  const state = { type: KEY, name: "dkim", id: "0", inputs, outputs: {} };
  expect((await client.diff(state, { ...inputs, [property]: UNKNOWN })).replaces).toEqual([property]);
});

test("OpenSSH's private container has the layout that its documentation gives", async () => {
  const key = await makeKey({ algorithm: "ED25519" });
  const openssh = opensshKey(createPrivateKey(key.privateKeyPem ?? ""));
  const bytes = Buffer.from((openssh?.privateKey ?? "").replace(/-----.*-----|\n/g, ""), "base64");
  expect(bytes.subarray(0, 15).toString()).toBe("openssh-key-v1\0");
  const strings: Buffer[] = [];
  let at = 15;
  const next = (): Buffer => {
    const length = bytes.readUInt32BE(at);
    at += 4 + length;
    return bytes.subarray(at - length, at);
  };
  strings.push(next(), next(), next());
  expect(strings.map(String)).toEqual(["none", "none", ""]);
  expect(bytes.readUInt32BE(at)).toBe(1);
  at += 4;
  expect(next().toString("base64")).toBe(openssh?.publicKey.split(" ")[1]);
  const secret = next();
  expect(at).toBe(bytes.length);
  expect(secret.length % 8).toBe(0);
  expect(secret.readUInt32BE(0)).toBe(secret.readUInt32BE(4));
});

test.each([
  // The examples of RFC 4251 section 5.
  ["", "00000000"],
  ["09a378f9b2e332a7", "0000000809a378f9b2e332a7"],
  ["80", "000000020080"],
  // Leading zeros don't count.
  ["0000", "00000000"],
  ["00007f", "000000017f"],
  ["0081", "000000020081"],
])("the number %s is the SSH integer %s", (number, expected) => {
  expect(mpint(Buffer.from(number, "hex")).toString("hex")).toBe(expected);
});
