import path from "node:path";
import { parseArgs } from "node:util";
import { localFolder } from "./session.ts";

/** What the commands of the local cloud understand. */
export interface LocalArguments {
  /** Where the local cloud lies; one in another folder is another cloud. */
  readonly folder: string;
  /** The stack's name in it. */
  readonly stack: string;
  /** The stack's configuration file; undefined: Pulumi.local.yaml of the project. */
  readonly configFile: string | undefined;
  /** The port wished for the DNS server. */
  readonly dnsPort: number | undefined;
  /** Stay until Ctrl-C. */
  readonly keep: boolean;
  /** Do without what doesn't work any more. */
  readonly force: boolean;
}

/** Reads the command line. @throws Error that says what is wrong and what to write */
export function readArguments(
  args: readonly string[] = process.argv.slice(2),
  defaults: Pick<LocalArguments, "folder" | "stack"> = { folder: localFolder, stack: "local" },
): LocalArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      folder: { type: "string", default: defaults.folder },
      stack: { type: "string", default: defaults.stack },
      "config-file": { type: "string" },
      "dns-port": { type: "string" },
      keep: { type: "boolean", default: false },
      force: { type: "boolean", default: false },
    },
  });
  return {
    folder: path.resolve(values.folder),
    stack: values.stack,
    configFile: values["config-file"] === undefined ? undefined : path.resolve(values["config-file"]),
    dnsPort: values["dns-port"] === undefined ? undefined : portOf(values["dns-port"]),
    keep: values.keep,
    force: values.force,
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Error(`--dns-port is "${text}", which is no port. Give a number from 1 to 65535, such as 5300.`);
}
