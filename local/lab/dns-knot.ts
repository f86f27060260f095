import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningCommand } from "../../toolchain/command.ts";
import { zoneChanges, type ZoneChange } from "./dns-changes.ts";
import type { ZoneContent } from "./dns-zone-content.ts";
import type { LabHost } from "./host.ts";

const CONFIG = "/etc/knot/lab.conf";
const FOLDER = "/run/knot";
const CONTROL = `${FOLDER}/knot.sock`;
const QUERIES = `${FOLDER}/dns.sock`;

/**
 * Zones are in memory and a journal, filled by transactions; no zone file is read or written. As root: Knot gives up the rights to
 * write into the folders of others (knot.conf(5), server.user).
 */
const configuration = (address: string) => `
server:
    rundir: ${FOLDER}
    user: root:root
    listen: [ ${address}@53, ${QUERIES} ]
database:
    storage: ${FOLDER}
log:
  - target: stderr
    any: error
template:
  - id: default
    storage: ${FOLDER}
    zonefile-load: none
    zonefile-sync: -1
    journal-content: all
`;

/** Milliseconds that knotd may take to listen. */
const START_PATIENCE = 10_000;

/** The name server could not be made to serve something; the message has its words. */
export class KnotError extends Error {
  override name = "KnotError";
}

/** A Knot DNS that runs on a host of the lab and serves what it is told to (knotd(8), knotc(8)). */
export class Knot {
  /** A UNIX socket where it answers queries as over TCP, as this process sees it. */
  readonly queries: string;
  readonly #host: LabHost;
  readonly #daemon: RunningCommand;
  /** What it logs of zones that it doesn't take. */
  readonly #complaints: string[];
  /** What it serves, by zone. */
  readonly #served = new Map<string, ZoneContent>();

  private constructor(host: LabHost, daemon: RunningCommand, complaints: string[]) {
    this.#host = host;
    this.#daemon = daemon;
    this.#complaints = complaints;
    this.queries = join(host.root, QUERIES);
  }

  /** Starts it without a zone. Rejects with {@link KnotError} if it ends or doesn't listen in time. */
  static async start(host: LabHost): Promise<Knot> {
    mkdirSync(join(host.root, FOLDER), { recursive: true });
    writeFileSync(join(host.root, CONFIG), configuration(host.address));
    const complaints: string[] = [];
    // Such as `error: [example.com.] check, node www.example.com., another record exists beside CNAME`.
    const onLine = (line: string) => {
      if (line.includes(" check, ")) complaints.push(line);
    };
    const daemon = host.spawn(["knotd", "--config", CONFIG], { onLine, keepOutput: false });
    let end: string | undefined;
    daemon.ended.then(
      ({ stderr }) => (end = stderr),
      (error: unknown) => (end = String(error)),
    );
    const deadline = performance.now() + START_PATIENCE;
    while (!existsSync(join(host.root, CONTROL))) {
      if (end !== undefined || performance.now() > deadline)
        throw new KnotError(`knotd did not start: ${end ?? "it doesn't listen"}`);
      await sleep(5);
    }
    return new Knot(host, daemon, complaints);
  }

  /**
   * Makes it serve just these zones, each changed in one transaction, and resolves when it does. Rejects with {@link KnotError} if it
   * refuses a record or a zone; that zone then is as it was before.
   */
  async serve(wanted: ReadonlyMap<string, ZoneContent>): Promise<void> {
    const changes = zoneChanges(this.#served, wanted);
    const fresh = changes.filter(({ isNew }) => isNew).map(({ zone }) => zone);
    const gone = [...this.#served.keys()].filter((zone) => !wanted.has(zone));
    if (gone.length > 0) await this.#forget(gone);
    if (changes.length === 0) return;
    const created =
      fresh.length === 0
        ? []
        : ["conf-begin", ...fresh.map((zone) => `conf-set zone[${zone}]`), "conf-commit"];
    const refused = await this.#control([...created, ...changes.flatMap(({ commands }) => commands)]);
    if (refused !== undefined) {
      await this.#control(["conf-abort", ...changes.map(({ zone }) => `zone-abort ${zone}`)]);
      // Knot may have the new zones by now, or some of them.
      for (const zone of fresh) await this.#forget([zone]).catch(() => undefined);
      throw new KnotError(refused);
    }
    await this.#commit(changes, wanted);
  }

  /**
   * Signs a zone from now on (DNSSEC, by ECDSA on P-256), and resolves to the record of its key-signing key, which a resolver
   * may take for its trust anchor: the zones above aren't signed. Rejects with {@link KnotError} if it can't.
   */
  async sign(zone: string): Promise<string> {
    const refused = await this.#control([
      "conf-begin",
      `conf-set zone[${zone}].dnssec-signing on`,
      "conf-commit",
    ]);
    if (refused !== undefined) throw new KnotError(refused);
    const deadline = performance.now() + START_PATIENCE;
    for (;;) {
      const { stdout } = await this.#host.run([
        "knotc",
        "--socket",
        CONTROL,
        "zone-read",
        zone,
        zone,
        "DNSKEY",
      ]);
      // Such as `[example.com.] example.com. 3600 DNSKEY 257 3 13 …`.
      const [, key] = /^\[\S+\] (\S+ \d+ DNSKEY 257 .*)$/m.exec(stdout) ?? [];
      if (key !== undefined) return key;
      if (performance.now() > deadline) throw new KnotError(`${zone} has no key after a while`);
      await sleep(50);
    }
  }

  /** Stops it for a while, as if it hung: who asks gets no answer. */
  pause(): void {
    this.#daemon.kill("SIGSTOP");
  }

  resume(): void {
    this.#daemon.kill("SIGCONT");
  }

  /** Ends it. */
  close(): void {
    // nsenter stops itself when it sees knotd stopped, and may do so just after it was told to go on: only this ends it.
    this.#daemon.kill("SIGKILL");
  }

  async #commit(changes: readonly ZoneChange[], wanted: ReadonlyMap<string, ZoneContent>): Promise<void> {
    const refusals: string[] = [];
    this.#complaints.length = 0;
    // All in one go; where one is refused, each by itself, to know which.
    const refused = await this.#control(changes.map(({ zone }) => `zone-commit ${zone}`));
    for (const { zone } of changes) {
      const refusal = refused === undefined ? undefined : await this.#outcome(zone);
      if (refusal === undefined) this.#served.set(zone, wanted.get(zone) ?? new Map());
      else refusals.push(refusal);
    }
    if (refusals.length > 0) throw new KnotError([...refusals, ...new Set(this.#complaints)].join("; "));
  }

  /** What is wrong with a zone whose transaction is still open, because its commit was refused. */
  async #outcome(zone: string): Promise<string | undefined> {
    const still = await this.#control([`zone-commit ${zone}`]);
    // There is no transaction any more where the commit has gone through.
    if (still === undefined || still.includes("no active transaction")) return undefined;
    await this.#control([`zone-abort ${zone}`]);
    return still;
  }

  /** Takes zones away with their journals, which would bring them back with their name. */
  async #forget(zones: readonly string[]): Promise<void> {
    await this.#host.check(["knotc", "--socket", CONTROL, "--force", "zone-purge", ...zones]);
    const refused = await this.#control([
      "conf-begin",
      ...zones.map((zone) => `conf-unset zone[${zone}]`),
      "conf-commit",
    ]);
    if (refused !== undefined) throw new KnotError(refused);
    for (const zone of zones) this.#served.delete(zone);
  }

  /** Gives commands to knotc; the first refusal, in Knot's words, or undefined if there is none. */
  async #control(commands: readonly string[]): Promise<string | undefined> {
    const input = `${commands.join("\n")}\n`;
    const output = await this.#host.check(["knotc", "--socket", CONTROL], { input });
    return output.split("\n").find((line) => line.startsWith("error:"));
  }
}
