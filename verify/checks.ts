import { checkIds, type Check, type CheckId } from "./check.ts";
import { bannerNamesHost } from "./checks/banner-names-host.ts";
import { caaPublished } from "./checks/caa-published.ts";
import { daneMatches } from "./checks/dane-matches.ts";
import { dmarcReportsAuthorized } from "./checks/dmarc-reports-authorized.ts";
import { dnsIsConsistent } from "./checks/dns-is-consistent.ts";
import { dnssecValidates } from "./checks/dnssec-validates.ts";
import { domainNotListed } from "./checks/domain-not-listed.ts";
import { heloSent } from "./checks/helo-sent.ts";
import { ipv6Agrees } from "./checks/ipv6-agrees.ts";
import { mtaStsAgrees } from "./checks/mta-sts-agrees.ts";
import { mxAnswers } from "./checks/mx-answers.ts";
import { recordsAsDeclared } from "./checks/records-as-declared.ts";
import { relayIsClosed } from "./checks/relay-is-closed.ts";
import { spfWithinLimits } from "./checks/spf-within-limits.ts";
import { starttlsWorks } from "./checks/starttls-works.ts";
import { tlsRptPublished } from "./checks/tls-rpt-published.ts";

const byId: Readonly<Record<CheckId, Check>> = {
  "helo-sent": heloSent,
  "banner-names-host": bannerNamesHost,
  "relay-is-closed": relayIsClosed,
  "spf-within-limits": spfWithinLimits,
  "records-as-declared": recordsAsDeclared,
  "dns-is-consistent": dnsIsConsistent,
  "ipv6-agrees": ipv6Agrees,
  "mx-answers": mxAnswers,
  "starttls-works": starttlsWorks,
  "dane-matches": daneMatches,
  "mta-sts-agrees": mtaStsAgrees,
  "tls-rpt-published": tlsRptPublished,
  "dmarc-reports-authorized": dmarcReportsAuthorized,
  "domain-not-listed": domainNotListed,
  "dnssec-validates": dnssecValidates,
  "caa-published": caaPublished,
};

/** All checks, in the order of reports. */
export const checks: readonly Check[] = checkIds.map((id) => byId[id]);

/** Those that connect to mail and web servers. */
export const connectingChecks: ReadonlySet<CheckId> = new Set([
  "banner-names-host",
  "relay-is-closed",
  "mx-answers",
  "starttls-works",
  "dane-matches",
  "mta-sts-agrees",
]);
