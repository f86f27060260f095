import { parseArgs } from "node:util";
import { readEndpoint, type Endpoint } from "../endpoint.ts";

/** What `okmail zone` understands. */
export interface ZoneArguments {
  readonly source:
    { readonly kind: "stack"; readonly name: string } | { readonly kind: "outputs"; readonly file: string };
  /** A zone-file fragment for the domain, one for the reverse zones, or commands that check the records. */
  readonly what: "forward" | "reverse" | "commands";
  /** Seconds that resolvers may keep the records. */
  readonly ttl: number;
  /** Whom the commands ask; undefined: the machine's resolver. */
  readonly server: Endpoint | undefined;
}

export const zoneUsage = `okmail zone --stack NAME [--reverse | --commands]
okmail zone --outputs FILE [--reverse | --commands]

Writes the records of a stack as lines for a BIND zone file: for a zone that isn't at Cloudflare.

  --stack NAME       the stack of this project, by pulumi stack output
  --outputs FILE     its outputs in a file, as pulumi stack output --json writes them; - reads them from standard input
  --ttl SECONDS      how long resolvers may keep the records; otherwise 300
  --reverse          the PTR records, for the zones of the addresses
  --commands         in place of the lines, dig and nslookup commands that check each record, with the answer to expect
  --server IP[:PORT] whom the commands ask; otherwise the machine's resolver

Ends with 0, or with 64 if the command line is wrong or the stack can't be found.`;

/** Longest that a TTL can be (RFC 2181 8). */
const maxTtl = 2 ** 31 - 1;

/** Reads the command line after `zone`. @throws Error that says what is wrong and what to write */
export function readZoneArguments(args: readonly string[]): ZoneArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      stack: { type: "string" },
      outputs: { type: "string" },
      ttl: { type: "string", default: "300" },
      reverse: { type: "boolean", default: false },
      commands: { type: "boolean", default: false },
      server: { type: "string" },
    },
  });
  if (values.reverse && values.commands)
    throw new Error("--reverse and --commands exclude each other; --commands checks the reverse names too");
  if (values.server !== undefined && !values.commands)
    throw new Error("--server says whom the commands ask, so it goes with --commands");
  return {
    source: sourceOf(values),
    what: values.reverse ? "reverse" : values.commands ? "commands" : "forward",
    ttl: ttlOf(values.ttl),
    server: values.server === undefined ? undefined : serverOf(values.server),
  };
}

function sourceOf({ stack, outputs }: { stack?: string; outputs?: string }): ZoneArguments["source"] {
  if (stack !== undefined && outputs === undefined) return { kind: "stack", name: stack };
  if (outputs !== undefined && stack === undefined) return { kind: "outputs", file: outputs };
  throw new Error("say whose records are written: either --stack NAME or --outputs FILE");
}

function ttlOf(text: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= maxTtl) return Number(text);
  throw new Error(`--ttl is "${text}"; give seconds, such as 300`);
}

function serverOf(text: string): Endpoint {
  const server = readEndpoint(text, 53);
  if (server !== undefined) return server;
  throw new Error(`--server is "${text}". Give the address of a server, such as 9.9.9.9 or 127.0.0.1:5300.`);
}
