import path from "node:path";
import { createInterface } from "node:readline/promises";
import { consoleOn, type Console } from "../../local/console.ts";
import { WriterLock } from "../../local/store/writer-lock.ts";
import { Blocklists, chooseLists, keysFromEnvironment, standardLists } from "../../mail/blocklists.ts";
import { liveResolver } from "../../mail/live-resolver.ts";
import { InterruptedError, userInterrupts } from "../../toolchain/interrupts.ts";
import { usageError } from "../usage-error.ts";
import { acquire } from "./acquire.ts";
import { acquireUsage, readAcquireArguments, type AcquireArguments } from "./acquire-arguments.ts";
import { longestRun } from "./address-run.ts";
import { ElasticIps } from "./elastic-ips.ts";
import { ListedAddresses } from "./listed-addresses.ts";
import { readStackHosts, writeAllocation } from "./stack-hosts.ts";
import { openSurroundings } from "./surroundings.ts";
import { verdictOf, type Verdict } from "./verdict.ts";

/** Milliseconds for one look-up, in which a query that is lost is sent once more. */
const timeLimit = 6_000;
const lostAfter = timeLimit / 3;

/** US dollars an hour for a public IPv4 address, used or not (AWS price list of VPC, "Public IPv4 Addresses"). */
const pricePerHour = 0.005;
const hoursPerMonth = 730;

/** Never anybody's address (RFC 5737): the lists are tried with it before anything costs money. */
const nobodysAddress = "192.0.2.1";

/** What was found in the stack's configuration, and is to be done. */
interface Plan {
  readonly hosts: readonly string[];
  readonly adopted: ReadonlySet<string>;
  readonly region: string;
}

/** `okmail acquire`: its arguments in, the exit code out. */
export async function acquireCommand(args: readonly string[]): Promise<number> {
  const screen = consoleOn(process.stdout);
  if (args.includes("--help")) {
    screen.text(acquireUsage);
    return 0;
  }
  let options: AcquireArguments;
  let remembered: ListedAddresses;
  try {
    options = readAcquireArguments(args);
    await planOf(options);
    askerOf(options);
    remembered = await ListedAddresses.open(options.memory);
    if (!options.yes && !options.dryRun && !process.stdin.isTTY)
      throw new Error("nobody is there to be asked; add --yes to allocate, or --dry-run to look only");
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\nokmail acquire --help says more.\n`);
    return usageError;
  }
  using interrupts = userInterrupts();
  try {
    await using resources = new AsyncDisposableStack();
    const lock = options.dryRun ? undefined : lockStack(options);
    resources.defer(() => lock?.release());
    // Now that nobody else changes it.
    const plan = await planOf(options);
    if (plan.hosts.length === 0) {
      screen.done(`Each host in ${options.configFile} adopts an address already.`);
      return 0;
    }
    const surroundings = await openSurroundings(options);
    resources.defer(() => surroundings.close());
    const addresses = new ElasticIps({ ...options, region: plan.region, ...surroundings.api });
    resources.defer(() => addresses.close());
    const ask = askerOf(surroundings);
    const run = { options, plan, addresses, remembered, ask, screen, signal: interrupts.stop };

    screen.text(announcement(options, plan));
    screen.progress("asking the blocklists and AWS whether they answer");
    await rehearse(run);
    interrupts.stop.throwIfAborted();
    if (options.dryRun) {
      screen.done("AWS and the blocklists answer. Nothing was changed.");
      return 0;
    }
    if (!options.yes && !(await agreed(interrupts.stop))) {
      screen.text("Nothing was changed.");
      return 0;
    }
    return await draw(run, () => lock?.assertHeld());
  } catch (error) {
    if (interrupts.stop.aborted) {
      screen.text("Stopped. okmail acquire goes on from here.");
      return (interrupts.stop.reason as InterruptedError).exitCode;
    }
    process.stderr.write(`${messageOf(error)}\n`);
    return 2;
  }
}

/** One run under way. */
interface Run {
  readonly options: AcquireArguments;
  readonly plan: Plan;
  readonly addresses: ElasticIps;
  readonly remembered: ListedAddresses;
  readonly ask: (address: string) => Promise<Verdict>;
  readonly screen: Console;
  readonly signal: AbortSignal;
}

async function draw(run: Run, assertAlone: () => void): Promise<number> {
  const { options, plan, screen, ...rest } = run;
  const { configFile, tries, pool, contiguous } = options;
  const { missing } = await acquire({
    ...rest,
    hosts: plan.hosts,
    adopted: plan.adopted,
    tries,
    pool: pool === undefined ? undefined : { contiguous },
    assertAlone,
    adopt: (host, allocationId) => {
      assertAlone();
      return writeAllocation(configFile, host, allocationId);
    },
    report: (line) => screen.done(line),
    progress: (line) => screen.progress(line),
  });
  if (missing.length === 0) {
    screen.text(`Written to ${configFile}. The next deploy adopts what is there.`);
    return 0;
  }
  screen.text(noneFound(missing, options));
  return 1;
}

function noneFound(missing: readonly string[], { pool, contiguous, tries }: AcquireArguments): string {
  const hosts = missing.join(", ");
  if (pool === undefined)
    return `No clean address for ${hosts} after ${tries} tries. Try again later, or in another Region: AWS draws anew.`;
  const what =
    contiguous && missing.length > 1 ? `${missing.length} clean addresses in a row` : "clean address";
  return `${pool} has no ${what} for ${hosts} among those that were free, or among the ${tries} tried. Have the listed ones delisted, or add to the pool.`;
}

/** One run at a time for each configuration file, on this machine. @throws StoreLockedError while another one lasts */
function lockStack({ configFile, stack }: AcquireArguments): WriterLock {
  const file = path.resolve(configFile);
  return WriterLock.acquire(
    path.join(path.dirname(file), `.${path.basename(file)}.acquire`),
    `The stack ${stack}`,
  );
}

/** @throws Error naming the setting that is wrong */
async function planOf({ configFile, hosts: asked, region: wished }: AcquireArguments): Promise<Plan> {
  const { region: configured, hosts } = await readStackHosts(configFile);
  const region = wished ?? configured ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  if (region === undefined || !/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region))
    throw new Error(
      `the Region is ${region === undefined ? "missing" : `"${region}"`}; set aws:region in ${configFile}, or give --region eu-central-1`,
    );
  for (const key of asked) {
    if (!hosts.has(key))
      throw new Error(
        `--host ${key} is none of ${[...hosts.keys()].join(", ")}; add it to okmail:hosts in ${configFile} first`,
      );
    const allocationId = hosts.get(key);
    if (allocationId !== undefined)
      throw new Error(
        `--host ${key} adopts ${allocationId} already; take that out of ${configFile} to have it replaced`,
      );
  }
  const open = [...hosts].flatMap(([key, allocationId]) => (allocationId === undefined ? [key] : []));
  return {
    hosts: asked.length > 0 ? asked : open,
    adopted: new Set([...hosts.values()].filter((id) => id !== undefined)),
    region,
  };
}

function askerOf({
  lists,
  nameServers,
}: Pick<AcquireArguments, "lists" | "nameServers">): (address: string) => Promise<Verdict> {
  const keys = keysFromEnvironment(process.env);
  const chosen = lists.length === 0 ? standardLists("addresses", keys) : chooseLists(lists);
  if (!chosen.some((list) => list.lists === "addresses"))
    throw new Error(
      `--list ${lists.join(", ")}: none is a list of addresses; take one such as zen.spamhaus.org`,
    );
  const blocklists = () =>
    new Blocklists(liveResolver(nameServers, lostAfter), { lists: chosen, keys, timeLimit });
  const once = async (address: string) => verdictOf(await blocklists().ask(address));
  // A client of its own each time: nothing is remembered, and what was lost may arrive now.
  return async (address) => {
    const verdict = await once(address);
    return verdict.outcome === "unknown" ? once(address) : verdict;
  };
}

/** What would stop the draw half-way is better known before. @throws Error that says what does not answer, or is missing */
async function rehearse({ addresses, ask, plan, options }: Run): Promise<void> {
  const [{ silent }, free] = await Promise.all([
    ask(nobodysAddress),
    addresses.free(),
    addresses.tryAllocation(),
  ]);
  if (silent.length > 0)
    throw new Error(
      `Blocklists do not answer, so no address could be called clean. ${silent.join("; ")}. ` +
        "Ask through a resolver of your own (--name-server), or with the list's key",
    );
  const { pool, contiguous } = options;
  const wanted = plan.hosts.length;
  if (pool === undefined) return;
  if (free.length < wanted && !contiguous)
    throw new Error(`${pool} has ${free.length} free addresses, and ${wanted} are wanted; add to the pool`);
  if (longestRun(free) < wanted && contiguous)
    throw new Error(
      `${pool} has at most ${longestRun(free)} free addresses in a row, and ${wanted} are wanted; ` +
        "provision a larger block, or leave out --contiguous",
    );
}

function announcement(options: AcquireArguments, { hosts, region }: Plan): string {
  const { stack, tries, configFile, pool, contiguous } = options;
  const count = hosts.length === 1 ? "1 Elastic IP" : `${hosts.length} Elastic IPs`;
  const from = pool === undefined ? "" : ` from ${pool}${contiguous ? ", following one another" : ""}`;
  const where = options.localCloud === undefined ? region : "the local cloud";
  return [
    `${count} for ${hosts.join(", ")} of the stack ${stack}, in ${where}${from}.`,
    priceText(options, hosts.length),
    `At most ${tries} addresses are tried, one after another; ` +
      (pool === undefined ? "listed ones are released at once." : "only clean ones are allocated."),
    `What is clean is written to ${configFile}.`,
  ].join("\n");
}

function priceText({ pool, localCloud }: AcquireArguments, count: number): string {
  if (localCloud !== undefined) return "The local cloud takes no money.";
  const monthly = (addresses: number) => (pricePerHour * hoursPerMonth * addresses).toFixed(2);
  if (pool === undefined)
    return (
      `AWS takes $${pricePerHour} an hour for each public IPv4 address, used or not: about $${monthly(1)} a month each, ` +
      `$${monthly(count)} together.`
    );
  const brought = "AWS takes nothing for addresses that you brought along.";
  return pool.startsWith("ipam-pool-")
    ? `${brought} For a block of Amazon's own it charges since the block was provisioned: Amazon VPC pricing, ` +
        '"Amazon-provided contiguous IPv4 block".'
    : brought;
}

async function agreed(signal: AbortSignal): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(?:es)?$/i.test((await prompt.question("Allocate now? [y/N] ", { signal })).trim());
  } finally {
    prompt.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
