import { generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

/** A private key and a certificate for it, both PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  time: 0x17,
  sequence: 0x30,
  set: 0x31,
};
/** Object identifiers, encoded: ecdsa-with-SHA256 (RFC 5758), commonName and subjectAltName (RFC 5280). */
const OID = {
  ecdsaWithSha256: Buffer.from("2a8648ce3d040302", "hex"),
  commonName: Buffer.from("550403", "hex"),
  subjectAltName: Buffer.from("551d11", "hex"),
};
const DAY = 86_400_000;

/**
 * A self-signed certificate for a host name, P-256, good from yesterday for 30 days (RFC 5280 section 4.1). It gives
 * STARTTLS to clients that don't verify, as mail servers don't by default; it vouches for nobody. Node can't issue one.
 */
export function selfSigned(hostname: string): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(TAG.sequence, der(TAG.oid, OID.ecdsaWithSha256));
  const body = toBeSigned(hostname, publicKey, algorithm);
  const signature = sign("sha256", body, privateKey);
  const certificate = der(TAG.sequence, body, algorithm, der(TAG.bitString, Buffer.from([0]), signature));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: pem(certificate),
  };
}

function toBeSigned(hostname: string, publicKey: KeyObject, algorithm: Buffer): Buffer {
  const now = Date.now();
  // A positive serial number of 63 bits.
  const serial = randomBytes(8);
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  const name = der(
    TAG.sequence,
    der(
      TAG.set,
      der(TAG.sequence, der(TAG.oid, OID.commonName), der(TAG.utf8, Buffer.from(hostname.slice(0, 64)))),
    ),
  );
  return der(
    TAG.sequence,
    der(0xa0, der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, serial),
    algorithm,
    name,
    der(TAG.sequence, time(now - DAY), time(now + 30 * DAY)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(TAG.sequence, alternativeName(hostname))),
  );
}

/** The extension that clients look for the name in: one dNSName. */
function alternativeName(hostname: string): Buffer {
  const names = der(TAG.sequence, der(0x82, Buffer.from(hostname)));
  return der(TAG.sequence, der(TAG.oid, OID.subjectAltName), der(TAG.octetString, names));
}

/** UTCTime, as `260131120000Z`: the form for years before 2050 (RFC 5280 section 4.1.2.5). */
function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return der(TAG.time, Buffer.from(digits.slice(2)));
}

/** Tag, length, contents (ITU-T X.690). */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
