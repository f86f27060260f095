import { hasHole } from "./hole.ts";

/** A key that OpenDKIM signs with. */
export interface SigningKey {
  readonly domain: string;
  readonly selector: string;
}

/**
 * The keys in OpenDKIM's configuration (opendkim.conf(5)): `Domain` with `Selector`, or the KeyTable, whose entries are
 * `name domain:selector:file`. Entries that depend on the message (`%`) or can't be known are left out.
 * @param read gives a file of the host, undefined if nothing wrote it
 */
export function readSigningKeys(read: (path: string) => string | undefined): SigningKey[] {
  const settings = new Map(
    lines(read("/etc/opendkim.conf") ?? "").flatMap((line) => {
      const [, name, value] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value] as const];
    }),
  );
  const selector = settings.get("selector") ?? "";
  const single = (settings.get("domain") ?? "").split(/[\s,]+/).map((domain) => ({ domain, selector }));
  return [...single, ...keyTable(settings.get("keytable"), read)].filter(
    (key) =>
      key.domain !== "" &&
      key.selector !== "" &&
      !key.domain.includes("%") &&
      !hasHole(key.domain + key.selector),
  );
}

function keyTable(table: string | undefined, read: (path: string) => string | undefined): SigningKey[] {
  if (table === undefined) return [];
  const path = table.replace(/^(re)?file:/, "");
  return lines(read(path) ?? "").flatMap((line) => {
    const [, domain, selector] = /^\S+\s+([^\s:]+):([^\s:]+):/.exec(line) ?? [];
    return domain === undefined || selector === undefined ? [] : [{ domain, selector }];
  });
}

/** The lines that say something, without comments and outer white space. */
function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
}
