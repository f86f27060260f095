import { setTimeout as sleep } from "node:timers/promises";
import type { Guest } from "../local/lab/guest.ts";
import { labHindrance } from "../local/lab/requirements.ts";
import type { Benchmark, Row } from "./benchmark.ts";
import { openMailHost, skipped, type MailHost } from "./lab/mail-host.ts";
import { inject, liftLimits, queued } from "./lab/queue.ts";
import { OPENDKIM } from "./lab/sides.ts";

const QUEUES = ["maildrop", "incoming", "active", "deferred"];

/** Rows that a queue gives, at equal steps of its way up and of its way down. */
const STEPS = 5;

/** Programs whose memory must not grow with the queue. */
const WATCHED = ["qmgr", "opendkim", "cleanup", "smtp", "tlsproxy"];

export const drainBenchmark: Benchmark = {
  title: "memory of the host while a queue that waited for its receiver drains",
  async run({ full, report }) {
    const hindrance = labHindrance();
    if (hindrance !== undefined) return skipped(hindrance);
    const messages = full ? 50_000 : 5_000;
    const host = await openMailHost(report);
    const { plane, guest } = host;
    try {
      await liftLimits(guest);
      const rows = [await sample(guest, "before", 0)];
      await plane.mailServer.become("stopped");
      rows.push(...(await fill(host, messages, report)));
      await plane.mailServer.become("sink");
      rows.push(...(await drain(guest, messages, report)));
      const arrived = await plane.mailServer.become("stopped");
      if (arrived !== messages) throw new Error(`${messages} messages were sent, ${arrived} arrived`);
      return [...rows, await sample(guest, `${arrived} arrived`, 0)];
    } finally {
      await host.close();
    }
  },
};

/** Hands messages over, signed, while the receiver is away. */
async function fill(
  { guest, domain }: MailHost,
  messages: number,
  report: (line: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  const start = performance.now();
  for (let step = 1; step <= STEPS; step++) {
    await inject(guest, { messages: messages / STEPS, port: OPENDKIM.port, domain });
    const waiting = await queued(guest, ...QUEUES);
    report(`${waiting} messages wait after ${secondsSince(start)} s`);
    rows.push(await sample(guest, "receiver away", waiting));
  }
  return rows;
}

async function drain(guest: Guest, messages: number, report: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  const start = performance.now();
  for (let step = 1; step <= STEPS; step++) {
    const goal = messages * (1 - step / STEPS);
    let left = messages;
    for (let said = start; left > goal;) {
      // What was just deferred is due later; like an operator who knows that the receiver is back.
      await guest.check(["postqueue", "-f"]);
      await sleep(2_000);
      left = await queued(guest, ...QUEUES);
      if (performance.now() - said < 30_000) continue;
      said = performance.now();
      report(`${left} messages left after ${secondsSince(start)} s`);
    }
    rows.push(await sample(guest, `${secondsSince(start)} s later`, left));
  }
  return rows;
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(0);
}

/** The memory of each watched program, of its largest process, in MiB (RSS). */
async function sample(guest: Guest, when: string, left: number): Promise<Row> {
  const listed = await guest.check(["ps", "-e", "-o", "comm=,rss="]);
  const sizes = listed.split("\n").map((line) => line.trim().split(/\s+/));
  const largest = (program: string) =>
    Math.max(0, ...sizes.filter(([name]) => name === program).map(([, size]) => Number(size)));
  return {
    when,
    queue: left,
    ...Object.fromEntries(WATCHED.map((program) => [`${program}, MiB`, largest(program) / 1024])),
  };
}
