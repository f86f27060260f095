import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * The sources from which this machine gets Debian itself, turned to another suite, in the format of sources.list(5).
 * Undefined if it has none, because it is no Debian: the suite's default archive is right then.
 */
export function debianSources(suite: string, etc = "/etc"): string | undefined {
  const own = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(read(path.join(etc, "os-release")))?.[1];
  const isDebian = /^ID="?debian"?$/m.test(read(path.join(etc, "os-release")));
  if (own === undefined || !isDebian) return undefined;
  const folder = path.join(etc, "apt", "sources.list.d");
  const files = [
    path.join(etc, "apt", "sources.list"),
    ...list(folder).map((name) => path.join(folder, name)),
  ];
  const lines = files.flatMap((file) =>
    file.endsWith(".sources")
      ? read(file)
          .split(/\n\s*\n/)
          .flatMap(oneLines)
      : read(file).split("\n"),
  );
  const ofDebian = lines.flatMap((line) => turned(line.trim(), own, suite));
  return ofDebian.length === 0 ? undefined : `${[...new Set(ofDebian)].join("\n")}\n`;
}

/** A stanza in the format deb822 as lines, one for each address and suite. */
function oneLines(stanza: string): string[] {
  const fields = new Map(
    stanza
      .split("\n")
      .filter((line) => !line.startsWith("#"))
      .join("\n")
      .replace(/\n[ \t]+/g, " ")
      .split("\n")
      .map((line) => [line.replace(/:.*/s, "").trim().toLowerCase(), line.replace(/^[^:]*:/, "").trim()]),
  );
  const words = (name: string) => (fields.get(name) ?? "").split(/\s+/).filter((word) => word !== "");
  if (!words("types").includes("deb") || fields.get("enabled") === "no") return [];
  // A key within the stanza itself can't stand in a line.
  const [signedBy = ""] = words("signed-by");
  const options = signedBy.startsWith("/") ? `[signed-by=${signedBy}] ` : "";
  return words("uris").flatMap((uri) =>
    words("suites").map((suite) => `deb ${options}${uri} ${suite} ${words("components").join(" ")}`),
  );
}

/**
 * The line, if it is of the suite `own` or one that belongs to it (`own-security`), for the suite `wanted`; only the
 * component main.
 */
function turned(line: string, own: string, wanted: string): string[] {
  const match = /^deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$/.exec(line);
  if (match === null) return [];
  const [, options = "", uri = "", suite = "", components = ""] = match;
  const isOwn = new RegExp(`^${own}(?:-(?:updates|security))?(?:/updates)?$`).test(suite);
  if (!isOwn || !components.split(/\s+/).includes("main")) return [];
  return [`deb ${options}${uri} ${suite.replace(own, wanted)} main`];
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.(?:list|sources)$/.test(name))
      .sort();
  } catch {
    return [];
  }
}
