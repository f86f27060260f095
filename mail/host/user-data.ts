import { gzipSync, strToU8 } from "fflate";

/** Most octets of user data that EC2 takes, before base64 ("Instance user data", EC2 user guide). */
const maxUserData = 16_384;

/**
 * A cloud-config as an instance's `userDataBase64`: in gzip, which cloud-init unpacks. JavaScript makes it the same on
 * every machine; zlib's output differs between machines and versions, and other user data would replace the host.
 * @throws RangeError if it takes more than 16,384 octets
 */
export function userDataBase64(cloudConfig: string): string {
  const packed = gzipSync(strToU8(cloudConfig), { level: 9, mtime: 0 });
  if (packed.length > maxUserData) {
    const [, host = "the host"] = /^fqdn: (\S+)$/m.exec(cloudConfig) ?? [];
    throw new RangeError(
      `the user data of ${host} takes ${packed.length} octets in gzip, and EC2 takes ${maxUserData}; accept fewer addresses or have fewer users`,
    );
  }
  return Buffer.from(packed).toString("base64");
}
