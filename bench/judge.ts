import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { dkimRecord } from "../mail/dkim.ts";
import { dmarcRecord } from "../mail/dmarc.ts";
import { reverseName } from "../mail/host-name.ts";
import { judge, type Sender } from "../mail/judge.ts";
import { dnsError, type Answers, type RecordType, type Resolver } from "../mail/resolver.ts";
import { checkSpf } from "../mail/spf.ts";
import type { Benchmark, Row } from "./benchmark.ts";
import { compare, type Spread } from "./measure.ts";
import { onlyFrom, publicKey, selector, stackSenders, type StackSender } from "./stack.ts";

export const judgeBenchmark: Benchmark = {
  title: "The judge against the bare SPF evaluations that it makes, over the same resolver in memory",
  async run({ report }) {
    const rows: Row[] = [];
    for (const mx of [false, true]) {
      report(`the judge: SPF records ${mx ? "with mx" : "of addresses only"}`);
      const { senders, resolver } = domains(stackSenders(1_000), mx);
      const { one, other, ratio } = await compare(
        () => each(senders, (sender) => judge(sender, resolver)),
        () => each(senders, (sender) => evaluations(sender, resolver, mx)),
        15,
      );
      rows.push({
        "SPF record": onlyFrom(["192.0.2.1"]).replace(" -", mx ? " mx -" : " -"),
        "SPF evaluations a sender": mx ? 3 : 2,
        "judged a second": rate(one, senders.length),
        "evaluated a second": rate(other, senders.length),
        ratio,
      });
    }
    return rows;
  },
};

export const memoryBenchmark: Benchmark = {
  title: "Memory while the judge judges one sender after the other",
  async run({ report }) {
    const { senders, resolver } = domains(stackSenders(10_000), false);
    const rows: Row[] = [];
    for (const [index, sender] of senders.entries()) {
      await judge(sender, resolver);
      if (![1_000, 5_000, 10_000].includes(index + 1)) continue;
      report(`the judge's memory after ${index + 1} senders`);
      rows.push({ senders: index + 1, "heap in MB": await heap() });
    }
    return rows;
  },
};

/** The SPF evaluations that `judge` makes of a sender: each identity, and where it asks the DNS, how its record ends. */
async function evaluations({ addresses, mailFrom, helo }: Sender, resolver: Resolver, mx: boolean) {
  for (const address of addresses) {
    await checkSpf(address, mailFrom, helo, resolver);
    await checkSpf(address, "", helo, resolver);
  }
  if (mx) await checkSpf("255.255.255.255", mailFrom, helo, resolver);
}

async function each(senders: readonly Sender[], run: (sender: Sender) => Promise<unknown>): Promise<void> {
  for (const sender of senders) await run(sender);
}

function rate({ median, lowest, highest }: Spread, count: number): Spread {
  const perSecond = (milliseconds: number): number => (count / milliseconds) * 1_000;
  return { median: perSecond(median), lowest: perSecond(highest), highest: perSecond(lowest) };
}

/** Each sender's domain with all its records, and a resolver that knows them. */
function domains(senders: readonly StackSender[], mx: boolean): { senders: Sender[]; resolver: Resolver } {
  const answers = new Map<string, unknown>();
  const names = new Set<string>();
  const add = <T extends RecordType>(name: string, type: T, records: Answers[T]): void => {
    answers.set(`${type} ${name}`, records);
    names.add(name);
  };
  const key = dkimRecord(publicKey);
  for (const { domain, helo, address } of senders) {
    add(helo, "A", [address]);
    add(reverseName(address), "PTR", [helo]);
    add(domain, "TXT", [[mx ? onlyFrom([address]).replace(" -all", " mx -all") : onlyFrom([address])]]);
    add(helo, "TXT", [[onlyFrom([address])]]);
    add(domain, "MX", [{ exchange: helo, priority: 10 }]);
    add(`${selector}._domainkey.${domain}`, "TXT", [[key.slice(0, 255), key.slice(255)]]);
    add(`_dmarc.${domain}`, "TXT", [[dmarcRecord({ policy: "reject", rua: [] })]]);
  }
  const resolve = <T extends RecordType>(name: string, type: T): Promise<Answers[T]> => {
    const found = answers.get(`${type} ${name}`) as Answers[T] | undefined;
    if (found !== undefined) return Promise.resolve(found);
    return Promise.reject(dnsError(names.has(name) ? "ENODATA" : "ENOTFOUND", `${type} ${name}`));
  };
  const ownAddresses = senders.map(({ address }) => address);
  return {
    resolver: { resolve },
    senders: senders.map(({ name, domain, helo, address }) => ({
      name,
      addresses: [address],
      helo,
      mailFrom: domain,
      selectors: [{ selector, publicKey }],
      ownAddresses,
    })),
  };
}

/** What is still in use after everything else has been collected. */
async function heap(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What promises hold is free only after the event loop's turn.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  return process.memoryUsage().heapUsed / 1_000_000;
}
