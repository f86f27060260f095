import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tlsaData, tlsaName } from "../../mail/tlsa.ts";

/** The key of RFC 8410 10.1; its digest is what `openssl pkey -pubin -outform DER | sha256sum` says. */
const ed25519 = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
`;

describe("a TLSA record", () => {
  test("stands at the port and the name of the mail exchanger", () =>
    expect(tlsaName("okmail.example.com")).toBe("_25._tcp.okmail.example.com"));

  test.each([
    ["", 'the mail exchanger "" is empty'],
    ["192.0.2.10", 'the mail exchanger "192.0.2.10"'],
  ])("isn't for an exchanger called %j", (name, message) => {
    expect(() => tlsaName(name)).toThrow(message);
  });

  test("says DANE-EE, the public key, SHA-256", () =>
    expect(tlsaData(ed25519)).toEqual({
      usage: 3,
      selector: 1,
      matchingType: 1,
      certificate: "A1E9156054E04FAC899AE9F275132CDC07A5DBC4EA2C2AD3A1FFC6E0D253681F",
    }));

  test.each([
    ["nothing", "", "is no public key in PEM"],
    ["another text", "v=DKIM1", "is no public key in PEM"],
    ["half a key", ed25519.replace(/MCow.*/, "MCow"), "is no public key in PEM"],
    ["a private key", ed25519.replaceAll("PUBLIC", "PRIVATE"), "from the public key, not the private"],
  ])("isn't made from %s", (_, pem, message) => {
    expect(() => tlsaData(pem)).toThrow(message);
    expect(() => tlsaData(pem)).toThrow(RangeError);
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
if (!hasOpenssl)
  console.warn("SKIPPED: openssl is missing, so TLSA records are compared with nobody else's.");

describe.skipIf(!hasOpenssl)("openssl finds the same digest", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "okmail-tlsa-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const openssl = (args: string, input?: string | Buffer) =>
    execFileSync("openssl", args.split(" "), { cwd: folder, input, stdio: ["pipe", "pipe", "ignore"] });

  test.each([
    ["an ECDSA key", "-newkey ec -pkeyopt ec_paramgen_curve:P-256"],
    ["another curve", "-newkey ec -pkeyopt ec_paramgen_curve:P-384"],
    ["an RSA key", "-newkey rsa:2048"],
  ])("in a certificate of %s, and in the next one of that key", (_, algorithm) => {
    openssl(`req -x509 -nodes ${algorithm} -keyout key.pem -out first.pem -days 1 -subj /CN=one`);
    openssl("req -x509 -key key.pem -out second.pem -days 2 -subj /CN=two");
    const published = tlsaData(openssl("pkey -in key.pem -pubout").toString()).certificate;
    for (const certificate of ["first.pem", "second.pem"]) {
      const publicKey = openssl(
        "pkey -pubin -outform DER",
        openssl(`x509 -in ${certificate} -noout -pubkey`),
      );
      const digest = openssl("dgst -sha256 -r", publicKey).toString().split(" ")[0];
      expect(published).toBe(digest?.toUpperCase());
    }
  });
});
