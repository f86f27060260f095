import { createHash } from "node:crypto";
import { labelsOf } from "../dns/name.ts";

/** A key that signs keys (RFC 4034 2.1), by ECDSA on P-256 (RFC 6605), told of by its SHA-256 digest (RFC 4509). */
export const ZONE_KEY = { flags: 257, protocol: 3, algorithm: 13, digestType: 2 } as const;

/** What the zone above says of a zone's key (RFC 4034 5.1). */
export interface DelegationSigner {
  readonly keyTag: number;
  /** Hexadecimal, in capitals. */
  readonly digest: string;
}

/** The DS data of such a key: `zone` is a canonical name, `publicKey` the curve point's coordinates, 64 octets. */
export function delegationSigner(zone: string, publicKey: Buffer): DelegationSigner {
  const { flags, protocol, algorithm } = ZONE_KEY;
  const rdata = Buffer.concat([Buffer.from([flags >> 8, flags & 0xff, protocol, algorithm]), publicKey]);
  const digest = createHash("sha256").update(wireName(zone)).update(rdata).digest("hex").toUpperCase();
  return { keyTag: keyTagOf(rdata), digest };
}

/** RFC 4034 appendix B: the sum of the data's 16-bit words, carries added once. */
function keyTagOf(rdata: Buffer): number {
  const sum = rdata.reduce((total, octet, index) => total + (index % 2 === 0 ? octet << 8 : octet), 0);
  return (sum + (sum >> 16)) & 0xffff;
}

function wireName(name: string): Buffer {
  const labels = labelsOf(name).map((label) => Buffer.from(label));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.alloc(1)]);
}
