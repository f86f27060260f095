import type { AcquiredAddress, ElasticIps } from "./elastic-ips.ts";
import type { ListedAddresses } from "./listed-addresses.ts";
import type { Verdict } from "./verdict.ts";

export interface AcquireOptions {
  readonly addresses: Pick<ElasticIps, "own" | "allocate" | "markClean" | "release">;
  /** Keys of the hosts that need an address. */
  readonly hosts: readonly string[];
  /** Allocation ids that the stack's configuration has already. */
  readonly adopted: ReadonlySet<string>;
  /** How many new addresses are tried at most. */
  readonly tries: number;
  readonly remembered: Pick<ListedAddresses, "zonesOf" | "remember">;
  readonly ask: (address: string) => Promise<Verdict>;
  /** Writes into the stack's configuration which address a host adopts. */
  readonly adopt: (host: string, allocationId: string) => Promise<void>;
  readonly report: (line: string) => void;
  readonly progress: (line: string) => void;
  /** Aborted: what is under way ends, candidates are released, and the reason is thrown. */
  readonly signal: AbortSignal;
}

export interface Acquired {
  /** Hosts that have an address now. */
  readonly hosts: readonly string[];
  /** Hosts that have none: the tries were used up. */
  readonly missing: readonly string[];
}

/**
 * Gives each host an Elastic IP that is on no blocklist: first those that an earlier run left, then new ones. An address has the
 * stack's tag from its allocation on, is a candidate until it is clean, and stands in the configuration right after that. So
 * wherever this is interrupted, the next run finds what is there. Candidates are released at the end, whatever the end is.
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
    await this.#takeUpLeft();
    const { addresses, tries, progress, signal, remembered } = this.#options;
    // Addresses that are known already are no tries; but AWS may give out nothing else for long.
    for (let tried = 0, drawn = 0; this.#open.length > 0 && tried < tries && drawn < 2 * tries; drawn++) {
      signal.throwIfAborted();
      progress(`try ${tried + 1} of ${tries} for ${this.#open.join(", ")}`);
      // Not by the signal: what is asked for is also waited for, so that its id is known.
      const candidate = await addresses.allocate();
      this.#held.set(candidate.allocationId, candidate);
      if (remembered.zonesOf(candidate.address) === undefined) tried++;
      await this.#judge(candidate);
    }
  }

  /** What an interrupted run left: clean addresses for their own hosts first. */
  async #takeUpLeft(): Promise<void> {
    const { addresses, adopted, signal, report } = this.#options;
    const left = (await addresses.own()).filter(
      ({ allocationId, associated }) => !associated && !adopted.has(allocationId),
    );
    const rank = ({ host, state }: AcquiredAddress) =>
      host !== undefined && this.#open.includes(host) ? 0 : state === "clean" ? 1 : 2;
    for (const address of left.toSorted((one, other) => rank(one) - rank(other))) {
      signal.throwIfAborted();
      if (this.#open.length > 0) await this.#judge(address);
      else if (address.state === "clean")
        report(`${keepsCosting(address)}, and no host needs it. ${releaseByHand(address)}`);
    }
  }

  async #judge(candidate: AcquiredAddress): Promise<void> {
    const { addresses, remembered, ask, adopt, report, signal } = this.#options;
    const { address, allocationId } = candidate;
    const known = candidate.state === "candidate" ? remembered.zonesOf(address) : undefined;
    const verdict: Verdict =
      known === undefined
        ? await untilAborted(ask(address), signal)
        : { outcome: "listed", zones: known, silent: [], minor: [] };
    switch (verdict.outcome) {
      case "unknown":
        throw new Error(
          `Nobody can say whether ${address} is clean. ${verdict.silent.join("; ")}. ` +
            "Ask through a resolver of your own (--name-server), or with the list's key",
        );
      case "listed":
        if (known === undefined) await remembered.remember(address, verdict.zones);
        if (candidate.state === "clean") {
          report(
            `${keepsCosting(candidate)}, and is listed by ${verdict.zones.join(", ")}. ${releaseByHand(candidate)}`,
          );
          return;
        }
        await addresses.release(candidate);
        this.#held.delete(allocationId);
        report(
          `${address} is listed by ${verdict.zones.join(", ")}${known === undefined ? "" : ", as it was before"}: released`,
        );
        return;
      case "clean": {
        const host = this.#hostFor(candidate);
        // From here on it is wanted, even if the rest fails.
        this.#held.delete(allocationId);
        this.#taken.add(allocationId);
        await addresses.markClean(candidate, host);
        await adopt(host, allocationId);
        this.#open.splice(this.#open.indexOf(host), 1);
        this.#done.push(host);
        const minor =
          verdict.minor.length === 0 ? "" : ` (of little weight: listed by ${verdict.minor.join(", ")})`;
        report(`${address} is clean${minor}: ${allocationId} for ${host}`);
      }
    }
  }

  #hostFor({ host }: AcquiredAddress): string {
    if (host !== undefined && this.#open.includes(host)) return host;
    const [first] = this.#open;
    if (first === undefined) throw new Error("no host needs an address");
    return first;
  }
}

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
