import { posix } from "node:path";
import { load } from "js-yaml";
import { isMapping, mergeCloudConfig } from "./cloud-config-merge.ts";
import { hole } from "./hole.ts";
import { Host } from "./host.ts";
import { Shell } from "./shell.ts";
import { partOf, unzipped, type UserDataPart } from "./parts.ts";

type CloudConfig = Readonly<Record<string, unknown>>;

/**
 * What cloud-init makes of a host from the parts of its user data, in the order in which it does: boothooks, bootcmd,
 * write_files, the host name, (packages,) deferred write_files, and last the scripts, in the order of their names, among
 * which runcmd is called `runcmd`.
 */
export function boot(parts: readonly UserDataPart[]): Host {
  const host = new Host();
  const { hooks, config, scripts } = sorted(host, parts.flatMap(withArchives));
  for (const hook of hooks) runScript(host, hook.replace(/^\s*#cloud-boothook[^\n]*/i, ""), true);
  runScript(host, shellified(config.bootcmd), false);
  writeFiles(host, config, false);
  nameHost(host, config);
  writeFiles(host, config, true);
  const last = [...scripts, { name: "runcmd", text: shellified(config.runcmd), mentionsPostfix: false }];
  for (const { text, mentionsPostfix } of last.sort(byName)) runScript(host, text, mentionsPostfix);
  host.settle();
  return host;
}

interface Script {
  readonly name: string;
  readonly text: string;
  readonly mentionsPostfix: boolean;
}

function byName(one: Script, other: Script): number {
  return one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
}

function sorted(host: Host, parts: readonly UserDataPart[]) {
  const hooks: string[] = [];
  const scripts: Script[] = [];
  let config: CloudConfig = {};
  for (const [index, { kind, text, mergeType, fileName, mentionsPostfix }] of parts.entries()) {
    const name = fileName ?? `part-${String(index + 1).padStart(3, "0")}`;
    if (kind === "boothook") hooks.push(text);
    else if (kind === "script") scripts.push({ name, text, mentionsPostfix });
    else if (kind === "cloud-config") {
      const part = yaml(text);
      if (isMapping(part)) config = mergeCloudConfig(config, part, mergeType);
      else host.unseen(`${name} of the user data is no cloud-config that can be read`, mentionsPostfix);
    } else if (kind === "include")
      host.unseen(`${name} of the user data is fetched from elsewhere`, mentionsPostfix);
    else if (mentionsPostfix) host.unseen(`${name} of the user data is in a form that is not followed`, true);
  }
  return { hooks, config, scripts };
}

/** A cloud-config-archive is a YAML list of parts. */
function withArchives(part: UserDataPart): UserDataPart[] {
  if (part.kind !== "archive") return [part];
  const entries = yaml(part.text);
  if (!Array.isArray(entries)) return [{ ...part, kind: "other" }];
  return entries.flatMap((entry: unknown) => {
    const { content, type, filename } = isMapping(entry) ? entry : { content: entry };
    if (typeof content !== "string") return [];
    // In an archive, what says nothing of itself is a cloud-config.
    const read = partOf(content, asText(type), asText(filename), undefined);
    return read.kind === "other" && type === undefined
      ? [{ ...read, kind: "cloud-config" as const }]
      : [read];
  });
}

/** Values in a document at most, aliases counted as what they stand for. */
const mostValues = 100_000;

/** The value of YAML, as cloud-init reads it; undefined for what is none. A key that comes twice has its last value. */
function yaml(text: string): unknown {
  try {
    const value = load(text, { json: true });
    return valuesIn(value, mostValues) > mostValues ? undefined : value;
  } catch {
    return undefined; // No YAML, or nested without measure.
  }
}

/** How many values there are in `value`; not counted beyond `most`, for an alias may stand in what it stands for. */
function valuesIn(value: unknown, most: number): number {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return 1;
  let count = 1;
  for (const each of Object.values(value)) {
    count += valuesIn(each, most - count);
    if (count > most) break;
  }
  return count;
}

/** A list of commands as cloud-init writes it into a script: a list of words is quoted, a text stands as it is. */
function shellified(commands: unknown): string {
  if (!Array.isArray(commands)) return "";
  return commands
    .map((command: unknown) =>
      Array.isArray(command)
        ? command.map((word: unknown) => `'${String(word).replaceAll("'", `'\\''`)}'`).join(" ")
        : (asText(command) ?? ""),
    )
    .join("\n");
}

const shellScript = /^\s*(#!\s*(\S*\/)?(env\s+(-S\s+)?)?(ba|da|k|z|a)?sh\b|(?!#!))/;

function runScript(host: Host, script: string, mentionsPostfix: boolean): void {
  if (shellScript.test(script)) new Shell(host).run(script);
  else if (mentionsPostfix)
    host.unseen("a script of the user data is for an interpreter that is not followed", true);
}

function writeFiles(host: Host, config: CloudConfig, deferred: boolean): void {
  const files: unknown = config.write_files;
  if (!Array.isArray(files)) return;
  for (const file of files.filter(isMapping)) {
    if (isTrue(file.defer) !== deferred || typeof file.path !== "string") continue;
    const path = posix.resolve("/", file.path);
    const text = file.source === undefined ? contentOf(file) : undefined;
    if (text === undefined) host.forget(path);
    else if (isTrue(file.append)) host.append(path, text);
    else host.write(path, text);
  }
}

/** The text that a file gets; undefined if it can't be told. */
function contentOf({ content, encoding }: CloudConfig): string | undefined {
  const method = (asText(encoding) ?? "").toLowerCase().trim();
  let octets = content instanceof Uint8Array ? Buffer.from(content) : Buffer.from(asText(content) ?? "");
  if (/^(gz(ip)?\+)?b(ase)?64$/.test(method)) {
    if (octets.includes(hole)) return undefined;
    octets = Buffer.from(octets.toString(), "base64");
  }
  if (!/^gz(ip)?(\+b(ase)?64)?$/.test(method)) return octets.toString();
  return octets[0] === 0x1f ? unzipped(octets)?.toString() : undefined;
}

/** As cloud-init's get_hostname_fqdn: `fqdn`, else a `hostname` with a dot, else the `hostname`. */
function nameHost(host: Host, config: CloudConfig): void {
  if (isTrue(config.preserve_hostname)) return;
  const name = asText(config.fqdn) ?? asText(config.hostname);
  if (name === undefined || name === "") return;
  host.name = name;
  host.shortName = name.includes(".") && !isTrue(config.prefer_fqdn_over_hostname);
}

function isTrue(value: unknown): boolean {
  return value === true || value === 1 || /^(true|1|on|yes)$/i.test(typeof value === "string" ? value : "");
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}
