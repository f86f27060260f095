import { createHash, createPublicKey } from "node:crypto";
import { hostNameFault } from "./host-name.ts";

/** The data of a TLSA record (RFC 6698 2.1). */
export interface TlsaData {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  /** Hexadecimal, in capitals: so Cloudflare gives it back, and other letters would look like a change. */
  readonly certificate: string;
}

/**
 * Where senders look for the TLSA records of a mail exchanger (RFC 7672 2.2): `_25._tcp.mx.example.com`
 * @throws RangeError if `exchanger` is no host name
 */
export function tlsaName(exchanger: string): string {
  const fault = hostNameFault(exchanger);
  if (fault !== undefined) throw new RangeError(`the mail exchanger "${exchanger}" ${fault}`);
  return `_25._tcp.${exchanger}`;
}

/**
 * By which senders know a mail exchanger: its key, whatever certificate holds it. `3 1 1`, that is DANE-EE, the
 * SubjectPublicKeyInfo, SHA-256: what RFC 7672 3.1 recommends, and RFC 7671 5.1 for keys that outlive their certificates.
 * Neither the certificate's names nor its dates count then, nor who issued it (RFC 7672 3.1.1).
 * @param publicKeyPem the public half of the host's TLS key
 * @throws RangeError if it is no public key in PEM
 */
export function tlsaData(publicKeyPem: string): TlsaData {
  const digest = createHash("sha256").update(subjectPublicKeyInfo(publicKeyPem)).digest("hex");
  return { usage: 3, selector: 1, matchingType: 1, certificate: digest.toUpperCase() };
}

function subjectPublicKeyInfo(publicKeyPem: string): Buffer {
  // Node derives the public half of a private key without a word; the private half has no business here.
  if (publicKeyPem.includes("PRIVATE KEY"))
    throw new RangeError("the TLSA record is made from the public key, not the private");
  try {
    return createPublicKey(publicKeyPem).export({ type: "spki", format: "der" });
  } catch {
    throw new RangeError("the TLS key is no public key in PEM");
  }
}
