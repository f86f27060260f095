import { isIP, isIPv4, isIPv6 } from "node:net";
import { parseArgs } from "node:util";
import { hostNameFault, normalizeName } from "../mail/host-name.ts";

/** What `okmail delist` understands. */
export interface DelistArguments {
  /** The address or domain. */
  readonly subject: string;
  /** Lists by zone or name; none: the standard ones. */
  readonly lists: readonly string[];
  /** Resolvers to ask; none: those of this machine. */
  readonly nameServers: readonly string[];
  /** Whether to stay until the listings are gone. */
  readonly watch: boolean;
  /** Between two askings, in milliseconds. */
  readonly interval: number;
  /** How long to stay, in milliseconds. */
  readonly timeLimit: number;
}

export const delistUsage = `okmail delist ADDRESS|DOMAIN

Says on which blocklists it is, what that means and how to get off, and watches until the listings are gone.

  --list ZONE          a list to ask, such as zen.spamhaus.org; more than once for several; otherwise a standard set
  --name-server SERVER the resolver to ask, such as 127.0.0.1:5300; more than once for several; otherwise this machine's
  --no-watch           tell and end
  --interval TIME      between two askings, at least 1m; otherwise 15m
  --time-limit TIME    how long to watch; otherwise 7d

Keys for lists come from the environment: OKMAIL_SPAMHAUS_DQS_KEY, OKMAIL_ABUSIX_KEY.
Ends with 0 if it is on no list, 1 if it is, 2 for a wrong command line, 3 if a list that matters did not say.`;

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Lists limit how often they are asked, and change no faster. */
const shortestInterval = 60_000;
/** The longest that a timer of Node can wait. */
const longestInterval = 2 ** 31 - 1;

/** Reads the command line after `delist`. @throws Error that says what is wrong and what to write */
export function readDelistArguments(args: readonly string[]): DelistArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    allowNegative: true,
    options: {
      list: { type: "string", multiple: true, default: [] },
      "name-server": { type: "string", multiple: true, default: [] },
      watch: { type: "boolean", default: true },
      interval: { type: "string", default: "15m" },
      "time-limit": { type: "string", default: "7d" },
    },
  });
  const interval = durationOf("--interval", values.interval);
  if (interval < shortestInterval || interval > longestInterval)
    throw new Error(
      `--interval is ${values.interval}; give at least 1m, since lists change no faster, and at most 24d`,
    );
  return {
    subject: subjectOf(positionals),
    lists: values.list,
    nameServers: values["name-server"].map(nameServer),
    watch: values.watch,
    interval,
    timeLimit: durationOf("--time-limit", values["time-limit"]),
  };
}

function subjectOf([subject, ...more]: readonly string[]): string {
  if (subject === undefined)
    throw new Error("the address is missing: write okmail delist ADDRESS, such as okmail delist 192.0.2.10");
  if (more.length > 0)
    throw new Error(`one address at a time: "${more.join(" ")}" is too much after ${subject}`);
  if (isIP(subject) !== 0) return subject;
  const fault = hostNameFault(normalizeName(subject));
  if (fault !== undefined)
    throw new Error(`"${subject}" is neither an address nor a domain: as a name it ${fault}`);
  return normalizeName(subject);
}

function durationOf(option: string, text: string): number {
  const [, amount, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const duration = Number(amount) * (units[unit] ?? NaN);
  if (duration > 0) return duration;
  throw new Error(`${option} is "${text}", which is no time. Give a number and a unit: 90s, 15m, 6h, 7d.`);
}

/** `192.0.2.53`, `127.0.0.1:5300`, `2001:db8::53`, `[2001:db8::53]:53` */
function nameServer(text: string): string {
  const [, bracketed, plain, port = "53"] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  const good =
    isIPv6(text) ||
    ((isIPv6(bracketed ?? "") || isIPv4(plain ?? "")) && Number(port) > 0 && Number(port) < 65_536);
  if (good) return text;
  throw new Error(
    `--name-server is "${text}". Give the address of a resolver, such as 9.9.9.9 or 127.0.0.1:5300.`,
  );
}
