import path from "node:path";
import { parseArgs } from "node:util";
import { hostNameFault, normalizeName } from "../../mail/host-name.ts";
import { projectFolder } from "../../local/stack.ts";
import type { Endpoint } from "../endpoint.ts";
import {
  askingOf,
  durationOf,
  probeOf,
  sourceOf,
  sourceOptions,
  sourceUsage,
  type Asking,
  type Source,
} from "../verify-arguments.ts";

/** What `okmail request` understands. */
export interface RequestArguments extends Pick<Asking, "connections" | "resolvers"> {
  readonly source: Source;
  /** The stack's configuration; undefined: there is none to read. */
  readonly configFile: string | undefined;
  readonly region: string | undefined;
  readonly account: string | undefined;
  readonly email: string | undefined;
  readonly useCase: string | undefined;
  readonly measures: readonly string[];
  readonly json: boolean;
  /** Prove that port 25 is open in place of writing the request. */
  readonly prove: boolean;
  /** The domain whose mail exchanger is connected to. */
  readonly to: string;
  readonly probe: Endpoint | undefined;
  /** How long to wait for the hosts, in milliseconds. */
  readonly timeLimit: number;
}

/** Whom the hosts ask too whether port 25 lets them out (`okmail status`): a receiver that a connection more doesn't burden. */
const largeReceiver = "gmail.com";

export const requestUsage = `okmail request --stack NAME [--email ADDRESS] [--use-case TEXT]
okmail request --stack NAME --prove [--probe [IP]:PORT]

Writes what to put into AWS's form "Request to remove email sending limitations", which opens outbound port 25: the use case with
the measures against unwanted mail, the Elastic IPs and their reverse DNS records, with the values of the stack and as they are
published now. What is missing is named. With --prove, shows by connections that port 25 is open: out to a mail exchanger, in
to each host that the MX record names.

${sourceUsage}

  --email ADDRESS      whom AWS answers
  --use-case TEXT      what you send and to whom, such as "Receipts and password resets to customers who have an account"
  --measure TEXT       something more that keeps mail wanted; more than once for several
  --region REGION      otherwise aws:region of the stack
  --account ID         the AWS account, twelve digits
  --config-file FILE   the stack's configuration; otherwise Pulumi.NAME.yaml of the project with --stack NAME
  --json               write it so to standard output

  --prove              connect in place of writing the request
  --to DOMAIN          whose mail exchanger is connected to; otherwise ${largeReceiver}, as okmail status on the host does
  --probe [IP]:PORT    listen there for a connection of each host: proves from elsewhere that they get out; senders come to port 25
  --time-limit TIME    how long to wait for them; otherwise 1h

  --resolver IP[:PORT] a resolver to ask; more than once for several; otherwise this machine's and three public ones
  --connect-to A[:P]=B[:P]
                       connect to B where A is meant, as in a test; more than once for several

Ends with 0 if the request is complete (with --prove: port 25 is open), 1 if something is missing (it is closed), 2 if --prove can't
tell, 64 for a wrong command line.`;

/** Reads the command line after `request`. @throws Error that names the option, what is wrong and what to write */
export function readRequestArguments(args: readonly string[]): RequestArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...sourceOptions,
      email: { type: "string" },
      "use-case": { type: "string" },
      measure: { type: "string", multiple: true, default: [] },
      region: { type: "string" },
      account: { type: "string" },
      "config-file": { type: "string" },
      json: { type: "boolean", default: false },
      prove: { type: "boolean", default: false },
      to: { type: "string" },
      probe: { type: "string" },
      "time-limit": { type: "string", default: "1h" },
      resolver: { type: "string", multiple: true, default: [] },
      "connect-to": { type: "string", multiple: true, default: [] },
    },
  });
  if (!values.prove && (values.to ?? values.probe) !== undefined)
    throw new Error("--to and --probe say how to prove that port 25 is open, so they go with --prove");
  const source = sourceOf(values);
  const { resolvers, connections } = askingOf({ ...values, "dns-only": false, blocklists: false });
  return {
    source,
    resolvers,
    connections,
    configFile: values["config-file"] ?? configFileOf(source),
    region: values.region === undefined ? undefined : regionOf(values.region),
    account: values.account === undefined ? undefined : accountOf(values.account),
    email: values.email === undefined ? undefined : emailOf(values.email),
    useCase: values["use-case"]?.trim() === "" ? undefined : values["use-case"]?.trim(),
    measures: values.measure.map((measure) => measure.trim()).filter((measure) => measure !== ""),
    json: values.json,
    prove: values.prove,
    to: values.to === undefined ? largeReceiver : domainOf(values.to),
    probe: values.probe === undefined ? undefined : probeOf(values.probe),
    timeLimit: durationOf("--time-limit", values["time-limit"]),
  };
}

/** `organization/project/prod` -> Pulumi.prod.yaml: so the engine names it. */
function configFileOf(source: Source): string | undefined {
  if (source.kind !== "stack") return undefined;
  return path.join(projectFolder, `Pulumi.${source.name.split("/").at(-1) ?? ""}.yaml`);
}

function regionOf(text: string): string {
  if (/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(text)) return text;
  throw new Error(`--region is "${text}"; give one such as eu-central-1`);
}

function accountOf(text: string): string {
  if (/^\d{12}$/.test(text)) return text;
  throw new Error(`--account is "${text}"; give the twelve digits of the AWS account`);
}

function emailOf(text: string): string {
  if (/^[^\s@<>]+@[^\s@<>]+$/.test(text)) return text;
  throw new Error(`--email is "${text}"; give an address such as ops@example.com`);
}

function domainOf(text: string): string {
  const fault = hostNameFault(normalizeName(text));
  if (fault === undefined) return normalizeName(text);
  throw new Error(`--to is "${text}", which ${fault}. Give a domain that takes mail, such as example.com.`);
}
