import { getServers } from "node:dns";
import { isIP } from "node:net";
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { selectorFault } from "../mail/dkim.ts";
import { hostNameFault, normalizeName } from "../mail/host-name.ts";
import type { NamedEndpoint } from "./dns/panel.ts";
import { readEndpoint, type Endpoint } from "./endpoint.ts";

/** How a report is written. */
export type Format = "terminal" | "json" | "markdown";

/** Whose mail is verified: that of a stack, of its outputs in a file, or of a sender described here. */
export type Source =
  | { readonly kind: "stack"; readonly name: string }
  | { readonly kind: "outputs"; readonly file: string }
  | {
      readonly kind: "sender";
      readonly domain: string;
      readonly helo: string;
      readonly addresses: readonly string[];
      readonly selectors: readonly string[];
    };

/** Who is asked about a sender, and what of. */
export interface Asking {
  readonly resolvers: readonly NamedEndpoint[];
  readonly connections: readonly (readonly [from: Endpoint, to: Endpoint])[];
  readonly connect: boolean;
  readonly blocklists: boolean;
}

/** What `okmail verify` understands. */
export interface VerifyArguments extends Asking {
  readonly source: Source;
  readonly format: Format;
  /** A file for the page; undefined: none. */
  readonly html: string | undefined;
  readonly watch: boolean;
  /** Between two runs, in milliseconds. */
  readonly interval: number;
  /** How long to watch, or to wait for the probe, in milliseconds. */
  readonly timeLimit: number;
  readonly probe: Endpoint | undefined;
}

export const sourceUsage = `\
  --stack NAME         the stack of this project, by pulumi stack output
  --outputs FILE       its outputs in a file, as pulumi stack output --json writes them; - reads them from standard input
  --domain DOMAIN      the domain of MAIL FROM and From
  --address ADDRESS    an address that it sends from; more than once for several
  --helo NAME          the name that it says in HELO
  --selector SELECTOR  a DKIM selector; more than once for several`;

export const askingUsage = `\
  --resolver IP[:PORT] a resolver to ask; more than once for several; otherwise this machine's and three public ones
  --connect-to A[:P]=B[:P]
                       connect to B where A is meant, as in a test; more than once for several
  --dns-only           connect to no mail server and no web server
  --no-blocklists      ask no blocklist; keys come from OKMAIL_SPAMHAUS_DQS_KEY, OKMAIL_ABUSIX_KEY`;

export const verifyUsage = `okmail verify --stack NAME
okmail verify --outputs FILE
okmail verify --domain DOMAIN --address ADDRESS --helo NAME [--selector SELECTOR]

Checks a live mail sender from outside: its names and addresses in the DNS, asked of several resolvers and of the zones' own
servers, and what its mail servers show.

${sourceUsage}

${askingUsage}
  --probe [IP]:PORT    listen there for a message of the host, and compare the HELO name that it says; senders come to port 25

  --json, --markdown   write the report so to standard output (verify/report.schema.json describes the JSON)
  --html FILE          write it as a page to FILE as well
  --watch              verify again until all is well
  --interval TIME      between two runs, at least 5s; otherwise 30s
  --time-limit TIME    how long to watch or to wait for the probe; otherwise 1h

Ends with 0 if all that is mandatory agrees, 1 if something of it disagrees, 2 if something of it can't be told, 64 for a
wrong command line.`;

/** Resolvers that anybody may ask, of three operators: what one of them remembers, the others may not. */
const publicResolvers: readonly NamedEndpoint[] = ["9.9.9.9", "1.1.1.1", "8.8.8.8"].map((address) => ({
  address,
  port: 53,
}));

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const shortestInterval = 5_000;
const longestTime = 2 ** 31 - 1;

/** Options by which a command is told whose mail it is about, for `parseArgs`. */
export const sourceOptions = {
  stack: { type: "string" },
  outputs: { type: "string" },
  domain: { type: "string" },
  address: { type: "string", multiple: true, default: [] },
  helo: { type: "string" },
  selector: { type: "string", multiple: true, default: [] },
} as const satisfies ParseArgsOptionsConfig;

/** Options by which a command is told whom to ask. */
export const askingOptions = {
  resolver: { type: "string", multiple: true, default: [] },
  "connect-to": { type: "string", multiple: true, default: [] },
  "dns-only": { type: "boolean", default: false },
  blocklists: { type: "boolean", default: true },
} as const satisfies ParseArgsOptionsConfig;

/** Reads the command line after `verify`. @throws Error that names the option, what is wrong and what to write */
export function readVerifyArguments(args: readonly string[]): VerifyArguments {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      ...sourceOptions,
      ...askingOptions,
      probe: { type: "string" },
      json: { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
      html: { type: "string" },
      watch: { type: "boolean", default: false },
      interval: { type: "string", default: "30s" },
      "time-limit": { type: "string", default: "1h" },
    },
  });
  if (values.json && values.markdown)
    throw new Error("--json and --markdown are both given; standard output takes one of them");
  const interval = durationOf("--interval", values.interval);
  if (interval < shortestInterval)
    throw new Error(`--interval is ${values.interval}; give at least 5s, since the DNS changes no faster`);
  if (values.html === "") throw new Error("--html is empty; give the file to write, such as report.html");
  return {
    source: sourceOf(values),
    ...askingOf(values),
    format: values.json ? "json" : values.markdown ? "markdown" : "terminal",
    html: values.html,
    watch: values.watch,
    interval,
    timeLimit: durationOf("--time-limit", values["time-limit"]),
    probe: values.probe === undefined ? undefined : probeOf(values.probe),
  };
}

/** What `askingOptions` were given. @throws Error as `readVerifyArguments` */
export function askingOf(values: {
  readonly resolver: readonly string[];
  readonly "connect-to": readonly string[];
  readonly "dns-only": boolean;
  readonly blocklists: boolean;
}): Asking {
  return {
    resolvers: values.resolver.length === 0 ? standardResolvers() : values.resolver.map(resolverOf),
    connections: values["connect-to"].map(connectionOf),
    connect: !values["dns-only"],
    blocklists: values.blocklists,
  };
}

interface SourceOptions {
  readonly stack?: string | undefined;
  readonly outputs?: string | undefined;
  readonly domain?: string | undefined;
  readonly helo?: string | undefined;
  readonly address: readonly string[];
  readonly selector: readonly string[];
}

/** What `sourceOptions` were given. @throws Error as `readVerifyArguments` */
export function sourceOf({ stack, outputs, domain, helo, address, selector }: SourceOptions): Source {
  const described = domain !== undefined || helo !== undefined || address.length > 0 || selector.length > 0;
  const given = [
    stack !== undefined && "--stack",
    outputs !== undefined && "--outputs",
    described && "--domain",
  ];
  const ways = given.filter((way) => way !== false);
  if (ways.length > 1)
    throw new Error(
      `${ways.join(" and ")} are both given; a stack says the sender's names itself, so give one of them`,
    );
  if (stack !== undefined) {
    if (stack === "") throw new Error("--stack is empty; give the stack's name, such as prod");
    return { kind: "stack", name: stack };
  }
  if (outputs !== undefined) {
    if (outputs === "") throw new Error("--outputs is empty; give a file, or - for standard input");
    return { kind: "outputs", file: outputs };
  }
  if (domain === undefined)
    throw new Error(
      "nobody says what to verify: give --stack NAME, --outputs FILE, or --domain with --address and --helo",
    );
  if (address.length === 0)
    throw new Error(
      "--address is missing: give the address that the host sends from, such as --address 192.0.2.10",
    );
  if (helo === undefined)
    throw new Error(
      "--helo is missing: give the name that the host says in HELO, such as --helo mail.example.com",
    );
  for (const one of address)
    if (isIP(one) === 0)
      throw new Error(`--address is "${one}", which is no IP address. Give one such as 192.0.2.10.`);
  return {
    kind: "sender",
    domain: hostOf("--domain", domain),
    helo: normalizeName(helo), // Whatever is wrong with it is what the judge is asked for.
    addresses: address,
    selectors: selector.map((one) => {
      const fault = selectorFault(normalizeName(one));
      if (fault !== undefined)
        throw new Error(`--selector is "${one}", which ${fault}. Give one such as s1.`);
      return normalizeName(one);
    }),
  };
}

function hostOf(option: string, text: string): string {
  const name = normalizeName(text);
  const fault = hostNameFault(name);
  if (fault === undefined) return name;
  throw new Error(`${option} is "${text}", which ${fault}. Give a domain such as example.com.`);
}

function standardResolvers(): NamedEndpoint[] {
  const own = getServers().flatMap((server) => readEndpoint(server, 53) ?? []);
  const named = own.map((endpoint) => ({ ...endpoint, name: `this machine's resolver ${endpoint.address}` }));
  return [...named, ...publicResolvers.filter(({ address }) => own.every((one) => one.address !== address))];
}

function resolverOf(text: string): NamedEndpoint {
  const endpoint = readEndpoint(text, 53);
  if (endpoint !== undefined) return endpoint.port === 53 ? endpoint : { ...endpoint, name: text };
  throw new Error(
    `--resolver is "${text}". Give the address of a resolver, such as 9.9.9.9 or 127.0.0.1:5300; an IPv6 address with a port goes in brackets.`,
  );
}

/** `192.0.2.10:25=127.0.0.1:2525`; without a port, port 25 of the first and the same port of the second. */
function connectionOf(text: string): readonly [Endpoint, Endpoint] {
  const [left = "", right = "", ...more] = text.split("=");
  const from = readEndpoint(left, 25);
  const to = readEndpoint(right, from?.port ?? 25);
  if (from !== undefined && to !== undefined && more.length === 0) return [from, to];
  throw new Error(
    `--connect-to is "${text}". Give two addresses with their ports, such as 192.0.2.10:25=127.0.0.1:2525.`,
  );
}

export function probeOf(text: string): Endpoint {
  const endpoint = readEndpoint(text.startsWith(":") ? `0.0.0.0${text}` : text, 25);
  if (endpoint !== undefined) return endpoint;
  throw new Error(`--probe is "${text}". Give where to listen, such as :25 or 192.0.2.77:25.`);
}

export function durationOf(option: string, text: string): number {
  const [, amount, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const duration = Number(amount) * (units[unit] ?? NaN);
  if (duration > 0 && duration <= longestTime) return duration;
  throw new Error(
    `${option} is "${text}", which is no time up to 24d. Give a number and a unit: 90s, 15m, 6h, 7d.`,
  );
}
