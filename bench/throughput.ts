import { generateKeyPairSync, sign } from "node:crypto";
import { labHindrance } from "../local/lab/requirements.ts";
import type { Benchmark, Row } from "./benchmark.ts";
import { openMailHost, skipped, type MailHost } from "./lab/mail-host.ts";
import { CONCURRENCY, inject, liftLimits, untilSent } from "./lab/queue.ts";
import { DEFAULTS, openSides, UNSIGNED, type Side } from "./lab/sides.ts";
import { spreadOf, timeOf } from "./measure.ts";

/** Messages of one measurement. */
const MESSAGES = 1000;

export const throughputBenchmark: Benchmark = {
  title: "messages through the stack's host in the lab to a sink over TLS, by who signs (RSA-2048)",
  async run({ full, report }) {
    const hindrance = labHindrance();
    if (hindrance !== undefined) return skipped(hindrance);
    const host = await openMailHost(report);
    try {
      await liftLimits(host.guest);
      const sides = await openSides(host);
      await host.plane.mailServer.become("sink");
      report(`one RSA-2048 signature alone takes ${signatureTime().toFixed(2)} ms here`);
      report(`${CONCURRENCY} deliveries at one time to the sink's domain, instead of Postfix's 20`);
      return await rows(host, sides, full ? 12 : 6, report);
    } finally {
      await host.close();
    }
  },
};

/**
 * All sides in each round, each of them the first as often as the others: they meet the same load.
 * The first round doesn't count.
 */
async function rows(
  { guest, plane, domain }: MailHost,
  sides: readonly Side[],
  rounds: number,
  report: (line: string) => void,
): Promise<readonly Row[]> {
  const seconds = new Map<Side, number[]>(sides.map((side) => [side, []]));
  for (let round = 0; round <= rounds; round++) {
    const first = round % sides.length;
    for (const side of [...sides.slice(first), ...sides.slice(0, first)]) {
      const milliseconds = await timeOf(async () => {
        await inject(guest, { messages: MESSAGES, port: side.port, domain });
        await untilSent(guest);
      });
      report(
        `round ${round}: signer ${side.signer}, ${side.settings} settings, ` +
          `${Math.round((MESSAGES * 1000) / milliseconds)} messages per second`,
      );
      if (round > 0) seconds.get(side)?.push(milliseconds / 1000);
    }
  }
  await assertAllArrived(plane.mailServer, MESSAGES * sides.length * (rounds + 1));
  const of = (side: Side) => seconds.get(side) ?? [];
  const comparedWith = (other: Side, own: readonly number[]) =>
    spreadOf(of(other).map((each, round) => each / (own[round] ?? Number.NaN)));
  return sides.map((side) => {
    const own = of(side);
    return {
      signer: side.signer,
      settings: side.settings,
      "per second": spreadOf(own.map((each) => MESSAGES / each)),
      "of unsigned": comparedWith(UNSIGNED, own),
      "of unsigned with Debian's": comparedWith(DEFAULTS, own),
    };
  });
}

/** The sink has to have as many messages as were sent, or something else was measured. */
async function assertAllArrived(receiver: MailHost["plane"]["mailServer"], sent: number): Promise<void> {
  const arrived = await receiver.become("stopped");
  if (arrived !== sent) throw new Error(`${sent} messages were sent, ${arrived} arrived`);
}

/** Milliseconds that a signature with a key takes that is loaded already: what no signer can do without. */
function signatureTime(): number {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const times = Array.from({ length: 200 }, () => {
    const start = process.cpuUsage();
    sign("sha256", Buffer.alloc(500), privateKey);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return spreadOf(times).median;
}
