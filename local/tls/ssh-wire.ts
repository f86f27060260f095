/** The data types of the SSH protocol (RFC 4251 section 5). */

/** A string: its length in four octets, then the octets. */
export function sshString(value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** A whole number that isn't negative: big-endian, without leading zeros, but one if the first bit would say negative. */
export function mpint(value: Uint8Array): Buffer {
  const start = value.findIndex((byte) => byte !== 0);
  const bytes = start === -1 ? Buffer.alloc(0) : Buffer.from(value.subarray(start));
  return sshString((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

/** A number below 2^32. */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
