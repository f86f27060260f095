import { wildcard } from "./wildcard.ts";

/** A rule of OpenDKIM: mail of which authors is signed, and how. */
export interface SigningRule {
  /** The author's address, with `*` for any run of characters. */
  readonly author: string;
  /** `d=`. */
  readonly domain: string;
  /** `s=`. */
  readonly selector: string;
  /** Where the private key lies on the host. */
  readonly keyPath: string;
}

/**
 * Reads how the host's OpenDKIM signs (opendkim.conf(5)): a SigningTable and a KeyTable, or Domain, Selector and KeyFile.
 * No rules where there is no opendkim.conf or where it only verifies. Throws a sentence on tables that don't fit together.
 */
export function readSigningRules(files: ReadonlyMap<string, string>): readonly SigningRule[] {
  const text = files.get("/etc/opendkim.conf");
  if (text === undefined) return [];
  const settings = new Map(
    rows(text).map(([name = "", ...values]) => [name.toLowerCase(), values.join(" ")]),
  );
  if (!(settings.get("mode") ?? "sv").includes("s")) return [];

  const signingTable = settings.get("signingtable");
  const keyTable = settings.get("keytable");
  if (signingTable !== undefined && keyTable !== undefined) {
    const keys = new Map(table(files, keyTable).map(([name = "", value = ""]) => [name, value]));
    return table(files, signingTable).map(([author = "", key = ""]) =>
      fromTables(author, key, keys.get(key)),
    );
  }
  const domain = settings.get("domain");
  const selector = settings.get("selector");
  const keyPath = settings.get("keyfile");
  if (domain === undefined || selector === undefined || keyPath === undefined) return [];
  return domain
    .split(",")
    .map((each) => ({ author: `*@${each.trim()}`, domain: each.trim(), selector, keyPath }));
}

/** The first rule that holds for an author; the local part's case matters to nobody here. */
export function ruleFor<Rule extends SigningRule>(rules: readonly Rule[], author: string): Rule | undefined {
  return rules.find((rule) => wildcard(rule.author, { ignoreCase: true }).test(author));
}

function fromTables(author: string, key: string, value: string | undefined): SigningRule {
  const [domain, selector, keyPath] = value?.split(":") ?? [];
  if (domain === undefined || selector === undefined || keyPath === undefined)
    throw new Error(
      `OpenDKIM's signing table names the key "${key}", which its key table doesn't have as DOMAIN:SELECTOR:PATH`,
    );
  // "%" stands for the author's own domain.
  return {
    author,
    domain: domain === "%" ? author.slice(author.indexOf("@") + 1) : domain,
    selector,
    keyPath,
  };
}

/** A table's rows; `refile:` and `file:` say how it is matched, which comes to the same for our patterns. */
function table(files: ReadonlyMap<string, string>, reference: string): string[][] {
  const path = reference.replace(/^(?:re)?file:/, "");
  const text = files.get(path);
  if (text === undefined)
    throw new Error(`OpenDKIM's table ${path} is none of the files that user data writes`);
  return rows(text);
}

/** Words of each line that says something. */
function rows(text: string): string[][] {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "")
    .map((line) => line.split(/\s+/));
}
