import { Blocklists, chooseLists } from "../mail/blocklists.ts";
import { liveResolver } from "../mail/live-resolver.ts";
import type { Report } from "../verify/report.ts";
import { subjectOfOutputs } from "../verify/subject.ts";
import { verify } from "../verify/verify.ts";
import type { CheckId } from "../verify/check.ts";
import type { DataPlane } from "./data-plane.ts";
import { BLOCKLIST } from "./inbox.ts";

/** What the local cloud has, and so what can be checked of it: names and addresses. Its hosts listen nowhere. */
const checks: readonly CheckId[] = [
  "spf-within-limits",
  "records-as-declared",
  "dns-is-consistent",
  "ipv6-agrees",
  "tls-rpt-published",
  "dmarc-reports-authorized",
];

/** Milliseconds: everything is on loopback. */
const timeout = 1_000;

/**
 * Verifies the stack on the local cloud as `okmail verify` does a live one, over the local DNS. Nothing outside it is asked.
 * @param outputs the stack's outputs
 */
export function verifyStack(plane: DataPlane, outputs: Readonly<Record<string, unknown>>): Promise<Report> {
  const { dns } = plane;
  return verify(subjectOfOutputs(outputs), {
    resolvers: [{ ...dns, name: "the local DNS" }],
    // Whatever address a name server has on the local internet, it is this one.
    reach: () => dns,
    connect: false,
    only: checks,
    blocklists: () =>
      new Blocklists(liveResolver([`${dns.address}:${dns.port}`], timeout), {
        lists: chooseLists([BLOCKLIST]),
        timeLimit: timeout,
      }),
    dnsTimeout: timeout,
  });
}
