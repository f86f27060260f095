import { renderMasterCf, type MasterService } from "./master-cf.ts";
import type { PostfixOptions } from "./postfix.ts";
import { submissionServices } from "./submission.ts";
import { transportServices } from "./transports.ts";

/**
 * master.cf with all services of a host, instead of changes to Debian's: so what listens stands in one text, whatever a
 * new package brings. Nothing runs in a chroot, which is Postfix's own default though not Debian's: the copies there of
 * resolv.conf and other files of /etc grow old, and postfix.service takes rights away already.
 *
 * No postscreen: without a DNS blocklist it only holds off clients that speak too early, for few addresses that take
 * mail here, and has every unknown client wait.
 */
export function postfixMasterCf(options: PostfixOptions): string {
  const head = "# name type private unprivileged chroot wakeup maxproc command\n";
  return (
    head +
    renderMasterCf([smtpServer, ...submissionServices(options.submission), ...transportServices, ...internal])
  );
}

/** Port 25, on the interfaces that inet_interfaces names. */
const smtpServer: MasterService = { name: "smtp", type: "inet", isPrivate: false, command: "smtpd" };

/** What every Postfix has (conf/master.cf of its source), as far as this one uses it. */
const internal: readonly MasterService[] = [
  service("pickup", "pickup", { isPrivate: false, wakeUp: "60", processes: 1 }),
  service("cleanup", "cleanup", { isPrivate: false, processes: 0 }),
  service("qmgr", "qmgr", { isPrivate: false, wakeUp: "300", processes: 1 }),
  service("tlsmgr", "tlsmgr", { wakeUp: "1000?", processes: 1 }),
  service("tlsproxy", "tlsproxy", { processes: 0 }),
  service("rewrite", "trivial-rewrite"),
  service("bounce", "bounce", { processes: 0 }),
  service("defer", "bounce", { processes: 0 }),
  service("trace", "bounce", { processes: 0 }),
  service("verify", "verify", { processes: 1 }),
  service("flush", "flush", { isPrivate: false, wakeUp: "1000?", processes: 0 }),
  service("proxymap", "proxymap"),
  service("proxywrite", "proxymap", { processes: 1 }),
  service("smtp", "smtp"),
  service("relay", "smtp"),
  service("showq", "showq", { isPrivate: false }),
  service("error", "error"),
  service("retry", "error"),
  service("discard", "discard"),
  service("local", "local", { isUnprivileged: false }),
  service("anvil", "anvil", { processes: 1 }),
  service("scache", "scache", { processes: 1 }),
  { name: "postlog", type: "unix-dgram", isPrivate: false, processes: 1, command: "postlogd" },
];

function service(name: string, command: string, columns: Partial<MasterService> = {}): MasterService {
  return { name, type: "unix", command, ...columns };
}
