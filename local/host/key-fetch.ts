/** A secret that the host fetches at boot: from which SSM parameter, in which Region, into which file. */
export interface KeyFetch {
  readonly parameter: string;
  readonly region: string | undefined;
  readonly path: string;
}

const FACTS = "/etc/okmail/host.json";

/** Finds the DKIM keys that the host's program `okmail` fetches, in the file that tells it so. */
export function readKeyFetches(files: ReadonlyMap<string, string>): readonly KeyFetch[] {
  const text = files.get(FACTS);
  if (text === undefined) return [];
  const facts: unknown = parsed(text);
  if (typeof facts !== "object" || facts === null) return [];
  const { region, dkim } = facts as { region?: unknown; dkim?: unknown };
  return (Array.isArray(dkim) ? (dkim as unknown[]) : []).flatMap((key) => {
    if (typeof key !== "object" || key === null) return [];
    const { parameter, file } = key as { parameter?: unknown; file?: unknown };
    if (typeof parameter !== "string" || typeof file !== "string") return [];
    return [{ parameter, region: typeof region === "string" ? region : undefined, path: file }];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${FACTS} is no JSON, so the host fetches no key`);
  }
}
