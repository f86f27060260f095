import { fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { limiter } from "../mail/blocklist/limits.ts";
import { Blocklists } from "../mail/blocklists.ts";
import { exchange } from "../verify/dns/exchange.ts";
import type { Endpoint } from "../verify/endpoint.ts";
import type { Subject } from "../verify/subject.ts";
import { listsAtOnce, verify, type VerifyOptions } from "../verify/verify.ts";
import type { Benchmark, BenchmarkOptions, Row } from "./benchmark.ts";
import { compare, spreadOf, timeOf, type Comparison } from "./measure.ts";
import { checkdmarcVersion, openCheckdmarc } from "./verify-checkdmarc.ts";
import { domain, latency, lists, subjectOf } from "./verify-world.ts";

export const verifyBenchmark: Benchmark = {
  title: `verify over a DNS that answers after ${latency} ms, ${lists.length} blocklists asked`,
  async run(options) {
    const dns = await startDns(latency);
    try {
      return [
        await againstItsChain(dns, options),
        await manyAgainstOne(dns, options),
        await againstOneAfterAnother(dns, options),
        await againstCheckdmarc(dns, options),
      ].flat();
    } finally {
      dns.close();
    }
  },
};

const one = subjectOf(1);
const many = subjectOf(100);

/** One sender, against as many look-ups one after another as depend on each other. */
async function againstItsChain(dns: Dns, { report }: BenchmarkOptions): Promise<Row> {
  const length = await chainLength();
  report(`one sender: the longest chain of look-ups that depend on each other has ${length}`);
  const ask = exchange();
  const chain = async () => {
    for (let link = 0; link < length; link++) await ask(dns.resolver, { name: domain, type: "A" }, true);
  };
  const comparison = await compare(() => verified(one, dns), chain, 15);
  return row("one sender", `${length} look-ups one after another`, comparison, "at most 1.5");
}

/** How many times as long as the latency a verification takes at last, whatever else it takes. */
async function chainLength(): Promise<number> {
  const slow = 1_000;
  const dns = await startDns(slow);
  try {
    return Math.floor((await timeOf(() => verified(one, dns))) / slow);
  } finally {
    dns.close();
  }
}

async function manyAgainstOne(dns: Dns, { report }: BenchmarkOptions): Promise<Row> {
  report(`${many.senders.length} senders of one domain`);
  const comparison = await compare(
    () => verified(many, dns),
    () => verified(one, dns),
    7,
  );
  return row(`${many.senders.length} senders`, "one sender", comparison, "below 5");
}

/** The same checks with one question at a time. */
async function againstOneAfterAnother(dns: Dns, { full, report }: BenchmarkOptions): Promise<Row[]> {
  const alone = limiter(1);
  const ask = exchange();
  const inTurn: Partial<VerifyOptions> = {
    exchange: (...question) => alone(() => ask(...question), never),
    // Who waits for a turn would time out.
    blocklists: (dns) => new Blocklists(dns, { lists, atOnce: 1 }),
  };
  const rows: Row[] = [];
  report("one sender, one question at a time");
  const comparison = await compare(
    () => verified(one, dns),
    () => verified(one, dns, inTurn),
    3,
  );
  rows.push(row("one sender", "one question at a time", comparison));
  if (!full) return rows;
  report(`${many.senders.length} senders, one after another and one question at a time: several minutes`);
  const together = await timeOf(() => verified(many, dns));
  const apart = await timeOf(async () => {
    for (const sender of many.senders) await verified({ ...many, senders: [sender] }, dns, inTurn);
  });
  const single = {
    one: spreadOf([together]),
    other: spreadOf([apart]),
    ratio: spreadOf([together / apart]),
    difference: spreadOf([together - apart]),
  };
  return [...rows, row(`${many.senders.length} senders`, "one question at a time", single)];
}

const never = new AbortController().signal;

/** What both check: MX, SPF, DMARC with who gets its reports, TLSRPT. verify can't leave out A, PTR and DKIM of the host. */
async function againstCheckdmarc(dns: Dns, { report }: BenchmarkOptions): Promise<Row> {
  report(`checkdmarc ${checkdmarcVersion}: making an environment for it`);
  const what = "MX, SPF, DMARC, TLSRPT";
  const checkdmarc = await openCheckdmarc(domain, dns.resolver.port).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    report(`NOT COMPARED with checkdmarc, which can't be had: ${why}`);
    return undefined;
  });
  if (checkdmarc === undefined) return { "verify of": what, against: "checkdmarc, which can't be had here" };
  try {
    const comparison = await compare(
      () =>
        verified(one, dns, {
          only: ["tls-rpt-published", "dmarc-reports-authorized"],
          blocklists: undefined,
        }),
      () => checkdmarc.check(),
      10,
    );
    return row(what, `checkdmarc ${checkdmarcVersion}`, comparison, "at most 0.2");
  } finally {
    await checkdmarc.close();
  }
}

function row(what: string, against: string, { one: ms, other, ratio }: Comparison, aim = ""): Row {
  return { "verify of": what, ms, against, "ms of that": other, ratio, aim };
}

/** A run with everything in it but mail and web servers. @throws Error if anything is wrong with the senders */
async function verified(
  subject: Subject,
  { resolver, authority }: Dns,
  options: Partial<VerifyOptions> = {},
): Promise<void> {
  const { verdict } = await verify(subject, {
    resolvers: [resolver],
    reach: () => authority,
    connect: false,
    blocklists: (dns) => new Blocklists(dns, { lists, atOnce: listsAtOnce }),
    ...options,
  });
  if (verdict !== "good") throw new Error(`the senders are good, and verify says ${verdict}`);
}

interface Dns {
  readonly resolver: Endpoint;
  readonly authority: Endpoint;
  close(): void;
}

async function startDns(milliseconds: number): Promise<Dns> {
  const child = fork(path.join(import.meta.dirname, "verify-dns.ts"), [String(milliseconds)]);
  const [ports] = (await once(child, "message")) as [{ resolver: number; authority: number }];
  const at = (port: number) => ({ address: "127.0.0.1", port });
  return { resolver: at(ports.resolver), authority: at(ports.authority), close: () => child.disconnect() };
}
