/** A secret that the host fetches at boot: from which SSM parameter, in which Region, into which file. */
export interface KeyFetch {
  readonly parameter: string;
  readonly region: string | undefined;
  readonly path: string;
}

/**
 * Finds what the host fetches in its systemd units: lines as
 * `ExecStart=PROGRAM --region REGION --parameter NAME … PATH`, the path last.
 */
export function readKeyFetches(files: ReadonlyMap<string, string>): readonly KeyFetch[] {
  return [...files]
    .filter(([path]) => path.startsWith("/etc/systemd/system/"))
    .flatMap(([, text]) => text.split(/\r?\n/))
    .flatMap((line) => {
      const words = line
        .replace(/^ExecStart=/, "")
        .trim()
        .split(/\s+/);
      const parameter = valueAfter(words, "--parameter");
      const path = words.at(-1);
      if (!line.startsWith("ExecStart=") || parameter === undefined || path?.startsWith("/") !== true)
        return [];
      return [{ parameter, region: valueAfter(words, "--region"), path }];
    });
}

function valueAfter(words: readonly string[], option: string): string | undefined {
  const index = words.indexOf(option);
  return index === -1 ? undefined : words[index + 1];
}
