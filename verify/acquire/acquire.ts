import { findCleanRun, restOfRun } from "./address-run.ts";
import { AddressTakenError, type AcquiredAddress, type ElasticIps } from "./elastic-ips.ts";
import type { ListedAddresses } from "./listed-addresses.ts";
import type { Verdict } from "./verdict.ts";

export interface AcquireOptions {
  readonly addresses: Pick<ElasticIps, "own" | "allocate" | "free" | "markClean" | "release">;
  /** Keys of the hosts that need an address. */
  readonly hosts: readonly string[];
  /** Allocation ids that the stack's configuration has already. */
  readonly adopted: ReadonlySet<string>;
  /** How many new addresses are tried at most. */
  readonly tries: number;
  /** That addresses come from a pool of the account's own; contiguous: they follow one another. @default Amazon's pool */
  readonly pool?: { readonly contiguous: boolean } | undefined;
  readonly remembered: Pick<ListedAddresses, "zonesOf" | "remember">;
  readonly ask: (address: string) => Promise<Verdict>;
  /** Writes into the stack's configuration which address a host adopts. */
  readonly adopt: (host: string, allocationId: string) => Promise<void>;
  readonly report: (line: string) => void;
  readonly progress: (line: string) => void;
  /** Throws if another run has begun for this stack. @default nothing is asked */
  readonly assertAlone?: (() => void) | undefined;
  /** Aborted: what is under way ends, candidates are released, and the reason is thrown. */
  readonly signal: AbortSignal;
}

export interface Acquired {
  /** Hosts that have an address now. */
  readonly hosts: readonly string[];
  /** Hosts that have none: the tries were used up. */
  readonly missing: readonly string[];
}

/** An address on its way to a host. */
interface Choice {
  readonly candidate: AcquiredAddress;
  readonly host: string;
  readonly verdict: Verdict;
}

/**
 * Gives each host an Elastic IP that is on no blocklist: first those that an earlier run left, then new ones. An address has the
 * stack's tag from its allocation on, is a candidate until it is clean, and stands in the configuration right after that. So
 * wherever this is interrupted, the next run finds what is there. Candidates are released at the end, whatever the end is.
 *
 * Of a pool the addresses are known before: the lists are asked first, and what is clean is allocated then. A contiguous run is
 * allocated as a whole or not at all.
 *
 * @throws Error if AWS or a blocklist does not answer, or the reason of `signal`
 */
export async function acquire(options: AcquireOptions): Promise<Acquired> {
  const { addresses, report } = options;
  const draw = new Draw(options);
  let failure: unknown;
  try {
    await draw.run();
  } catch (error) {
    failure = error;
  }
  try {
    for (const candidate of await draw.unused()) {
      await addresses.release(candidate);
      report(`${candidate.address} (${candidate.allocationId}) released`);
    }
  } catch (error) {
    failure ??= error;
    report("Some addresses may not be released yet: run okmail acquire again, it finds them by their tag.");
  }
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- it is what was thrown
  if (failure !== undefined) throw failure;
  return draw.result;
}

class Draw {
  readonly #options: AcquireOptions;
  readonly #open: string[];
  readonly #done: string[] = [];
  /** Allocated here and neither released nor taken. AWS may not list them yet. */
  readonly #held = new Map<string, AcquiredAddress>();
  /** Taken here. AWS may still list them as candidates for a while. */
  readonly #taken = new Set<string>();
  /** What the lists said, by address. */
  readonly #verdicts = new Map<string, Verdict>();
  #tried = 0;

  constructor(options: AcquireOptions) {
    this.#options = options;
    this.#open = [...options.hosts];
  }

  get result(): Acquired {
    return { hosts: this.#done, missing: this.#open };
  }

  /** Candidates that nobody uses, also those that AWS allocated and whose ids never arrived. */
  async unused(): Promise<readonly AcquiredAddress[]> {
    const { addresses, adopted } = this.#options;
    const listed = (await addresses.own()).filter(
      ({ state, associated, allocationId }) =>
        state === "candidate" && !associated && !adopted.has(allocationId) && !this.#taken.has(allocationId),
    );
    return [...new Map([...this.#held, ...listed.map((one) => [one.allocationId, one] as const)]).values()];
  }

  async run(): Promise<void> {
    const { pool } = this.#options;
    if (pool?.contiguous === true) await this.#takeUpRun();
    else await this.#takeUpLeft();
    if (pool === undefined) await this.#drawFromAmazon();
    else await this.#drawFromPool(pool.contiguous);
  }

  async #drawFromAmazon(): Promise<void> {
    const { addresses, tries, progress, signal, remembered } = this.#options;
    // Addresses that are known already are no tries; but AWS may give out nothing else for long.
    for (let drawn = 0; this.#open.length > 0 && this.#tried < tries && drawn < 2 * tries; drawn++) {
      signal.throwIfAborted();
      this.#options.assertAlone?.();
      progress(`try ${this.#tried + 1} of ${tries} for ${this.#open.join(", ")}`);
      // Not by the signal: what is asked for is also waited for, so that its id is known.
      const candidate = await addresses.allocate();
      this.#held.set(candidate.allocationId, candidate);
      if (remembered.zonesOf(candidate.address) === undefined) this.#tried++;
      await this.#judge(candidate);
    }
  }

  async #drawFromPool(contiguous: boolean): Promise<void> {
    const free = new Set(this.#open.length > 0 ? await this.#options.addresses.free() : []);
    while (this.#open.length > 0) {
      const size = contiguous ? this.#open.length : 1;
      const run = await findCleanRun([...free], size, (address) => this.#isClean(address));
      if (run === undefined) return;
      for (const gone of await this.#takeRun(run)) free.delete(gone);
    }
  }

  /** Allocates the addresses for the first hosts, as many as there are. @returns those that are not free any more */
  async #takeRun(run: readonly string[]): Promise<readonly string[]> {
    const { addresses, signal, report, assertAlone } = this.#options;
    const choices: Choice[] = [];
    for (const [index, address] of run.entries()) {
      signal.throwIfAborted();
      assertAlone?.();
      const host = this.#open[index] ?? "";
      try {
        const candidate = await addresses.allocate({ address, host });
        this.#held.set(candidate.allocationId, candidate);
        if (candidate.address !== address)
          throw new Error(`AWS allocated ${candidate.address} where ${address} was asked for`);
        choices.push({ candidate, host, verdict: this.#verdicts.get(address) ?? cleanVerdict });
      } catch (error) {
        if (!(error instanceof AddressTakenError)) throw error;
        report(`${address} can't be had: ${error.message}`);
        for (const { candidate } of choices) await this.#release(candidate);
        return [address];
      }
    }
    await this.#keep(choices);
    return run;
  }

  /** Whether no list that matters has an address of the pool; undefined if all tries are used up. */
  async #isClean(address: string): Promise<boolean | undefined> {
    const { remembered, progress, report, tries } = this.#options;
    const known = this.#verdicts.get(address);
    if (known !== undefined) return known.outcome === "clean";
    if (remembered.zonesOf(address) !== undefined) return false;
    if (this.#tried === tries) return undefined;
    progress(`try ${++this.#tried} of ${tries} for ${this.#open.join(", ")}`);
    const verdict = await this.#ask(address);
    this.#verdicts.set(address, verdict);
    if (verdict.outcome === "listed")
      report(`${address} is listed by ${verdict.zones.join(", ")}: passed over`);
    return verdict.outcome === "clean";
  }

  /** What an interrupted run left: clean addresses for their own hosts first. */
  async #takeUpLeft(): Promise<void> {
    const { signal, report } = this.#options;
    const left = await this.#left();
    const rank = ({ host, state }: AcquiredAddress) =>
      host !== undefined && this.#open.includes(host) ? 0 : state === "clean" ? 1 : 2;
    for (const address of left.toSorted((one, other) => rank(one) - rank(other))) {
      signal.throwIfAborted();
      if (this.#open.length > 0) await this.#judge(address);
      else if (address.state === "clean")
        report(`${keepsCosting(address)}, and no host needs it. ${releaseByHand(address)}`);
    }
  }

  /** The same for a contiguous run, which is taken up as a whole. What is nobody's becomes free for another. */
  async #takeUpRun(): Promise<void> {
    const { addresses, adopted } = this.#options;
    const left = await this.#left();
    const known = (await addresses.own()).filter(({ allocationId }) => adopted.has(allocationId));
    const rest = restOfRun(left, this.#open, known) ?? [];
    const choices: Choice[] = [];
    for (const candidate of rest) {
      const verdict = await this.#ask(candidate.address);
      choices.push({ candidate, host: candidate.host ?? "", verdict });
    }
    if (choices.length > 0 && choices.every(({ verdict }) => verdict.outcome === "clean"))
      await this.#keep(choices);
    for (const one of left) {
      if (this.#taken.has(one.allocationId)) continue;
      if (one.state === "clean") this.#options.report(`${keepsCosting(one)}. ${releaseByHand(one)}`);
      else {
        await this.#release(one);
        this.#options.report(`${one.address} (${one.allocationId}) released`);
      }
    }
  }

  /** Own addresses that nobody uses and no host adopts. */
  async #left(): Promise<readonly AcquiredAddress[]> {
    const { addresses, adopted } = this.#options;
    return (await addresses.own()).filter(
      ({ allocationId, associated }) => !associated && !adopted.has(allocationId),
    );
  }

  async #judge(candidate: AcquiredAddress): Promise<void> {
    const { remembered, report } = this.#options;
    const { address } = candidate;
    const known = candidate.state === "candidate" ? remembered.zonesOf(address) : undefined;
    const verdict: Verdict =
      known === undefined ? await this.#ask(address) : { ...cleanVerdict, outcome: "listed", zones: known };
    if (verdict.outcome === "clean") {
      await this.#keep([{ candidate, host: this.#hostFor(candidate), verdict }]);
      return;
    }
    if (candidate.state === "clean") {
      report(
        `${keepsCosting(candidate)}, and is listed by ${verdict.zones.join(", ")}. ${releaseByHand(candidate)}`,
      );
      return;
    }
    await this.#release(candidate);
    report(
      `${address} is listed by ${verdict.zones.join(", ")}${known === undefined ? "" : ", as it was before"}: released`,
    );
  }

  /** Asks the lists; what is listed is remembered. @throws Error if nobody can say */
  async #ask(address: string): Promise<Verdict> {
    const { ask, remembered, signal } = this.#options;
    const verdict = await untilAborted(ask(address), signal);
    if (verdict.outcome === "unknown")
      throw new Error(
        `Nobody can say whether ${address} is clean. ${verdict.silent.join("; ")}. ` +
          "Ask through a resolver of your own (--name-server), or with the list's key",
      );
    if (verdict.outcome === "listed") await remembered.remember(address, verdict.zones);
    return verdict;
  }

  async #release(candidate: AcquiredAddress): Promise<void> {
    await this.#options.addresses.release(candidate);
    this.#held.delete(candidate.allocationId);
  }

  /** Gives clean addresses to their hosts. What of a run is cut off here, the next one finds by the hosts' tags. */
  async #keep(choices: readonly Choice[]): Promise<void> {
    const { addresses, adopt, report } = this.#options;
    // From here on they are wanted, even if the rest fails.
    for (const { allocationId } of choices.map(({ candidate }) => candidate)) {
      this.#held.delete(allocationId);
      this.#taken.add(allocationId);
    }
    for (const { candidate, host, verdict } of choices) {
      await addresses.markClean(candidate, host);
      await adopt(host, candidate.allocationId);
      this.#open.splice(this.#open.indexOf(host), 1);
      this.#done.push(host);
      const minor =
        verdict.minor.length === 0 ? "" : ` (of little weight: listed by ${verdict.minor.join(", ")})`;
      report(`${candidate.address} is clean${minor}: ${candidate.allocationId} for ${host}`);
    }
  }

  #hostFor({ host }: AcquiredAddress): string {
    if (host !== undefined && this.#open.includes(host)) return host;
    const [first] = this.#open;
    if (first === undefined) throw new Error("no host needs an address");
    return first;
  }
}

const cleanVerdict: Verdict = { outcome: "clean", zones: [], silent: [], minor: [] };

/** Look-ups under way are not worth waiting for: they change nothing. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    promise.then(resolve, reject);
  });
}

// It was found clean once, so somebody may have sent from it since: only they know whether it may go.
function keepsCosting({ address, allocationId }: AcquiredAddress): string {
  return `${address} (${allocationId}) is left from an earlier run`;
}

function releaseByHand({ allocationId }: AcquiredAddress): string {
  return `It costs until you release it: aws ec2 release-address --allocation-id ${allocationId}`;
}
