import type { MainCf } from "../mail/main-cf.ts";
import { boot } from "./user-data/cloud-init.ts";
import { hasHole } from "./user-data/hole.ts";
import { mainCfPath, masterCfPath } from "./user-data/host.ts";
import { expandParameter, readMainCf, type ReadMainCf } from "./user-data/main-cf-file.ts";
import { readMasterCf } from "./user-data/master-cf.ts";
import { readSigningKeys, type SigningKey } from "./user-data/opendkim-files.ts";
import { decodeUserData } from "./user-data/parts.ts";
import { smtpServers, type SmtpServer } from "./user-data/smtp-servers.ts";

/** A setting as far as it is certain. */
export type Setting =
  | { readonly kind: "set"; readonly value: string }
  | { readonly kind: "unset" }
  /** It depends on what user data doesn't tell: a template's variable, the output of a command, a file from elsewhere. */
  | { readonly kind: "undetermined" };

/** What user data makes of a host, as far as mail goes. */
export interface HostConfiguration {
  /** Whether it configures Postfix. */
  readonly postfix: boolean;
  /** Parameters of main.cf as written, those that are certain. */
  readonly mainCf: ReadMainCf;
  /** A parameter of Postfix's smtp client, `$name` expanded: as master.cf overrides it for `smtp`, else from main.cf. */
  readonly parameter: (name: string) => Setting;
  /** What takes mail by SMTP. */
  readonly smtpServers: readonly SmtpServer[];
  /** The host's own name, fully qualified or not. */
  readonly hostName: Setting;
  /** The keys that OpenDKIM signs with. */
  readonly signingKeys: readonly SigningKey[];
  /** What could not be followed. */
  readonly notes: readonly string[];
}

/**
 * Reads user data as cloud-init carries it out, without doing it: cloud-config, shell scripts, boothooks and archives,
 * plain or in base64, gzip, MIME multipart. Never throws and never takes long, whatever it is given.
 * @param userData the instance's `userData`
 * @param userDataBase64 the instance's `userDataBase64`, which goes before it
 */
export function readUserData(
  userData: string | undefined,
  userDataBase64: string | undefined,
): HostConfiguration {
  const decoded = decodeUserData(userData, userDataBase64);
  const host = boot("parts" in decoded ? decoded.parts : []);
  const notes = "fault" in decoded ? [`the user data ${decoded.fault}`] : [];
  const mainCfText = host.read(mainCfPath);
  const mainCf = readMainCf(mainCfText ?? "");
  const masterCf = readMasterCf(host.read(masterCfPath) ?? "");
  const overrides = masterCf.get("smtp/unix")?.overrides ?? new Map<string, string>();
  const named = mainCf.incomplete ? [] : hostNameDefault(host.name, mainCf.settings);
  const effective = { ...mainCf, settings: new Map([...named, ...mainCf.settings, ...overrides]) };
  return {
    postfix: mainCfText !== undefined || overrides.size > 0,
    mainCf,
    parameter: (name) => settingOf(effective, name),
    smtpServers: smtpServers(mainCf, masterCf),
    hostName: host.name === undefined ? { kind: "unset" } : certain(host.name),
    signingKeys: readSigningKeys((path) => host.read(path)),
    notes: [...notes, ...host.notes],
  };
}

/**
 * What `myhostname` is when main.cf doesn't say: the host's name, with `$mydomain` behind it if it is one label
 * (postconf(5)).
 */
function hostNameDefault(name: string | undefined, settings: MainCf): (readonly [string, string])[] {
  if (name === undefined) return [];
  if (name.includes(".") || hasHole(name)) return [["myhostname", name]];
  return settings.has("mydomain") ? [["myhostname", `${name}.$mydomain`]] : [];
}

function settingOf({ settings, incomplete }: ReadMainCf, name: string): Setting {
  if (!settings.has(name)) return { kind: incomplete ? "undetermined" : "unset" };
  return certain(expandParameter(settings, name));
}

function certain(value: string | undefined): Setting {
  return value === undefined || hasHole(value) ? { kind: "undetermined" } : { kind: "set", value };
}
