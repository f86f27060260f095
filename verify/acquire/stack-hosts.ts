import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { isMap, parseDocument, type Document } from "yaml";

/** The part of a stack's configuration file that says which Elastic IP each host has. */
export interface StackHosts {
  /** undefined: the file names none. */
  readonly region: string | undefined;
  /** Keys of the hosts with the allocation ids that they adopt; undefined: the deploy allocates one. */
  readonly hosts: ReadonlyMap<string, string | undefined>;
}

/** The host of a stack that names none. */
const defaultHost = "okmail";
const hostsPath = ["config", "okmail:hosts"];

/** @throws Error naming the file, what is wrong and what to write */
export async function readStackHosts(file: string): Promise<StackHosts> {
  const document = await read(file);
  const region = document.getIn(["config", "aws:region"]);
  const hosts = document.getIn(hostsPath);
  if (hosts === undefined || hosts === null)
    return { region: textOf(region), hosts: new Map([[defaultHost, undefined]]) };
  if (!isMap(hosts) || hosts.items.length === 0)
    throw new Error(
      `okmail:hosts in ${file} is no map of hosts; write okmail:hosts: with ${defaultHost}: {} below it`,
    );
  const entries = Object.keys(hosts.toJSON() as object).map(
    (key) => [key, textOf(document.getIn([...hostsPath, key, "allocationId"]))] as const,
  );
  return { region: textOf(region), hosts: new Map(entries) };
}

/**
 * Writes which Elastic IP a host adopts. The rest of the file stays as it is, comments too; it is read anew, for somebody may
 * have changed it meanwhile, and replaced in one step.
 * @throws Error if the file can't be read or written
 */
export async function writeAllocation(file: string, key: string, allocationId: string): Promise<void> {
  const document = await read(file);
  // A key without a value, as in `okmail:`, is no map yet.
  for (const path of [["config"], hostsPath, [...hostsPath, key]])
    if (!isMap(document.getIn(path))) document.setIn(path, document.createNode({}, { flow: false }));
  document.setIn([...hostsPath, key, "allocationId"], allocationId);
  const draft = `${file}.${process.pid}.new`;
  try {
    await writeFile(draft, document.toString({ lineWidth: 0 }));
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function read(file: string): Promise<Document> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new Error(
      `${file} can't be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); ` +
        "--stack names a stack whose configuration file is there, --config-file another file",
      { cause: error },
    );
  }
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined) throw new Error(`${file} is no YAML: ${fault.message}`);
  if (document.contents !== null && !isMap(document.contents))
    throw new Error(`${file} is no stack's configuration; it begins with config:`);
  return document;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
