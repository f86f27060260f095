import { isIP } from "node:net";
import path from "node:path";
import { parseArgs } from "node:util";
import { projectFolder } from "../../local/stack.ts";
import { readEndpoint } from "../endpoint.ts";

/** What `okmail acquire` understands. */
export interface AcquireArguments {
  /** The stack's own name, without organization and project. */
  readonly stack: string;
  readonly configFile: string;
  /** Hosts that get an address; none: each that adopts none yet. */
  readonly hosts: readonly string[];
  readonly tries: number;
  /** undefined: the stack's aws:region. */
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly pool: string | undefined;
  /** The addresses follow one another. */
  readonly contiguous: boolean;
  /** The folder of the local cloud that the stack is on; undefined: it is on AWS. */
  readonly localCloud: string | undefined;
  /** Lists by zone or name; none: the standard ones of addresses. */
  readonly lists: readonly string[];
  /** Resolvers to ask; none: those of this machine. */
  readonly nameServers: readonly string[];
  /** Where listed addresses are remembered. */
  readonly memory: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** What is kept of a run, and the local cloud. */
const ownFolder = path.join(projectFolder, ".okmail");

const defaultTries = 20;
const mostTries = 200;

export const acquireUsage = `okmail acquire --stack NAME

Allocates Elastic IPs until each host of the stack has one that is on no blocklist, and writes them into Pulumi.NAME.yaml
as okmail:hosts.HOST.allocationId, which the next deploy adopts. Listed ones are released. A host that is deployed already
moves to the new address.

  --stack NAME         the stack
  --host KEY           a host that gets an address; more than once for several; otherwise each that adopts none yet
  --tries N            how many addresses are tried at most; otherwise ${defaultTries}
  --dry-run            say what would be done, what it costs, and whether AWS and the lists would answer; change nothing
  --yes                do not ask

  --region REGION      otherwise aws:region of the stack, or AWS_REGION
  --pool ID            from a pool of your own: ipam-pool-... or ipv4pool-ec2-...; the lists are asked before anything is allocated
  --contiguous         the hosts' addresses follow one another, all of them or none is allocated; needs --pool
  --config-file FILE   otherwise Pulumi.NAME.yaml of the project
  --memory FILE        where listed addresses are remembered; otherwise .okmail/listed-addresses.json
  --list ZONE          a list to ask; more than once for several; otherwise a standard set
  --name-server IP[:PORT]
                       the resolver for the lists; more than once for several; otherwise this machine's
  --endpoint URL       of the EC2 API, as in a test
  --local-cloud FOLDER the stack is on the local cloud in FOLDER; for the stack local it is .okmail/local. Its EC2 is asked, and its list

Credentials come from the environment as for every tool of AWS, keys for lists from OKMAIL_SPAMHAUS_DQS_KEY, OKMAIL_ABUSIX_KEY.
Ends with 0 if each host has an address, 1 if tries ran out, 2 if AWS or a list that matters did not answer or okmail acquire is
at work on the stack already, 64 for a wrong command line.`;

/** Reads the command line after `acquire`. @throws Error that says what is wrong and what to write */
export function readAcquireArguments(args: readonly string[]): AcquireArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stack: { type: "string" },
      host: { type: "string", multiple: true, default: [] },
      tries: { type: "string", default: String(defaultTries) },
      region: { type: "string" },
      pool: { type: "string" },
      contiguous: { type: "boolean", default: false },
      endpoint: { type: "string" },
      "local-cloud": { type: "string" },
      "config-file": { type: "string" },
      memory: { type: "string" },
      list: { type: "string", multiple: true, default: [] },
      "name-server": { type: "string", multiple: true, default: [] },
      "dry-run": { type: "boolean", default: false },
      yes: { type: "boolean", default: false },
    },
  });
  const stack = stackOf(values.stack);
  if (values.contiguous && values.pool === undefined)
    throw new Error(
      "--contiguous needs --pool: AWS gives addresses that follow one another from a pool of your own only",
    );
  const localCloud = localCloudOf(values["local-cloud"], stack, values.endpoint);
  return {
    stack,
    configFile: values["config-file"] ?? path.join(projectFolder, `Pulumi.${stack}.yaml`),
    hosts: [...new Set(values.host)],
    tries: triesOf(values.tries),
    region: values.region,
    endpoint: values.endpoint === undefined ? undefined : urlOf(values.endpoint),
    pool: values.pool === undefined ? undefined : poolOf(values.pool),
    contiguous: values.contiguous,
    localCloud,
    lists: values.list,
    nameServers: values["name-server"].map(nameServerOf),
    memory: values.memory ?? path.join(localCloud ?? ownFolder, "listed-addresses.json"),
    dryRun: values["dry-run"],
    yes: values.yes,
  };
}

/** `organization/project/prod` -> prod: so the engine names the configuration file. */
function stackOf(written: string | undefined): string {
  const stack = written?.split("/").at(-1) ?? "";
  if (/^[\w.-]{1,100}$/.test(stack)) return stack;
  throw new Error(
    written === undefined
      ? "say for which stack: --stack NAME, such as --stack prod"
      : `--stack is "${written}", which is no name of a stack; write it as pulumi stack ls shows it`,
  );
}

function triesOf(text: string): number {
  const tries = Number(text);
  if (/^\d{1,3}$/.test(text) && tries >= 1 && tries <= mostTries) return tries;
  throw new Error(`--tries is "${text}"; give a number from 1 to ${mostTries}`);
}

function urlOf(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new Error(`--endpoint is "${text}"; give a URL, such as http://127.0.0.1:5000`);
}

/** The stack local is the local cloud's everywhere in this project; with an endpoint it is a test's. */
function localCloudOf(
  folder: string | undefined,
  stack: string,
  endpoint: string | undefined,
): string | undefined {
  if (folder === undefined)
    return stack === "local" && endpoint === undefined ? path.join(ownFolder, "local") : undefined;
  if (endpoint !== undefined)
    throw new Error("--local-cloud and --endpoint are both given; the local cloud has an EC2 API itself");
  if (folder === "") throw new Error("--local-cloud is empty; give the folder that holds it");
  return path.resolve(folder);
}

function poolOf(text: string): string {
  if (/^(?:ipam-pool|ipv4pool-ec2)-[0-9a-f]{8,17}$/.test(text)) return text;
  throw new Error(`--pool is "${text}"; give the id of a pool, as in ipam-pool-... or ipv4pool-ec2-...`);
}

function nameServerOf(text: string): string {
  if (isIP(text) !== 0 || readEndpoint(text, 53) !== undefined) return text;
  throw new Error(
    `--name-server is "${text}". Give the address of a resolver, such as 9.9.9.9 or 127.0.0.1:5300.`,
  );
}
