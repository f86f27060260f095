import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HOSTS_FOLDER } from "../../local/lab/host.ts";
import type { MailHost } from "./mail-host.ts";

const FOLDER = "/run/rspamd";
/** On the mail host, and at rspamd's: where both see the socket. */
const MEETING = { guest: "/srv/rspamd", rspamd: `${FOLDER}/milter` };
/** rspamd compiles its patterns first, which keeps a processor busy for a quarter of a minute. */
const START_PATIENCE = 180_000;

/** Signs what comes from this host, with the headers that rspamd itself thinks right, and does nothing else. */
const configuration = (domain: string, selector: string) => `
options {
  pidfile = "${FOLDER}/rspamd.pid";
  control_socket = "${FOLDER}/control.sock mode=0600";
  filters = "dkim";
  local_addrs = [127.0.0.0/8];
  dns { nameserver = ["127.0.0.1"]; }
}
logging { type = "console"; level = "warning"; }
modules { path = "/usr/share/rspamd/plugins/dkim_signing.lua"; }
dkim_signing {
  sign_local = true;
  use_domain = "header";
  domain { "${domain}" { path = "${FOLDER}/key.pem"; selector = "${selector}"; } }
}
worker "rspamd_proxy" {
  bind_socket = "${MEETING.rspamd}/socket mode=0666";
  milter = yes;
  count = 2;
  upstream "local" { default = yes; self_scan = yes; }
}
`;

/**
 * Starts rspamd as a signing milter for a mail host: in the host's network, but with a root file system of its own, so
 * that the host stays as its user data made it. Resolves to its name for Postfix.
 */
export async function startRspamd(
  { plane: { lab }, guest, domain }: MailHost,
  key: { readonly selector: string; readonly pem: string },
): Promise<string> {
  const host = await lab.host("rspamd", { address: "203.0.113.78", packages: ["rspamd"] });
  const inside = (name: string) => path.join(host.root, FOLDER, name);
  mkdirSync(inside(""), { recursive: true });
  writeFileSync(inside("rspamd.conf"), configuration(domain, key.selector));
  writeFileSync(inside("key.pem"), key.pem, { mode: 0o600 });
  await host.check(["chown", "--recursive", "_rspamd:", FOLDER]);
  const rootOf = (name: string) => `${HOSTS_FOLDER}/${name}/root`;
  const root = rootOf(host.name);
  await guest.check(["install", "--directory", "--mode=0777", MEETING.guest]);
  await lab.check([
    "mount",
    "--mkdir",
    "--bind",
    rootOf(guest.instanceId) + MEETING.guest,
    root + MEETING.rspamd,
  ]);
  const enter = ["nsenter", `--net=/run/netns/${guest.instanceId}`, `--root=${root}`, "--wdns=/", "--"];
  const daemon = ["rspamd", "-f", "-c", `${FOLDER}/rspamd.conf`, "-u", "_rspamd", "-g", "_rspamd"];
  let end: string | undefined;
  lab.spawn([...enter, ...daemon], { keepOutput: false }).ended.then(
    ({ stderr }) => (end = stderr),
    (error: unknown) => (end = String(error)),
  );
  const deadline = performance.now() + START_PATIENCE;
  while ((await guest.run(["test", "-S", `${MEETING.guest}/socket`])).code !== 0) {
    if (end !== undefined) throw new Error(`rspamd ended: ${end}`);
    if (performance.now() > deadline) throw new Error("rspamd does not start");
    await sleep(100);
  }
  return `unix:${MEETING.guest}/socket`;
}
