/**
 * The full name under which Cloudflare files a record: lower case, no final dot. A name that isn't the zone's and doesn't
 * end in it is taken as relative, so `mail.example.org` in the zone example.com becomes `mail.example.org.example.com`.
 */
export function fullRecordName(name: string, zone: string): string {
  const bare = name.toLowerCase().replace(/\.$/, "");
  if (bare === "@" || bare === zone) return zone;
  return bare.endsWith(`.${zone}`) ? bare : `${bare}.${zone}`;
}

/**
 * Whether Cloudflare takes a full name: at most 253 characters, labels of at most 63 letters, digits, hyphens and
 * underscores (names beyond ASCII come in Punycode), a wildcard only as the whole of the leftmost label.
 */
export function isRecordName(fullName: string): boolean {
  if (fullName.length > 253) return false;
  return fullName
    .split(".")
    .every((label, index) => /^[a-z0-9_-]{1,63}$/.test(label) || (label === "*" && index === 0));
}

/** Whether something is a host name that a record can point to: no address, no wildcard. */
export function isTargetName(target: string): boolean {
  const name = target.toLowerCase().replace(/\.$/, "");
  return isRecordName(name) && !name.startsWith("*") && /[a-z]/.test(name.split(".").at(-1) ?? "");
}
