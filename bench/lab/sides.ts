import type { Guest } from "../../local/lab/guest.ts";
import type { MailHost } from "./mail-host.ts";
import { inject, reload, untilSent } from "./queue.ts";
import { startRspamd } from "./rspamd.ts";

/** A way for mail through the host's Postfix. */
export interface Side {
  readonly signer: string;
  /** Whose settings it is delivered with. */
  readonly settings: "the host's" | "Debian's";
  readonly port: number;
  readonly isSigned: boolean;
}

/** As the host, but for the milter. */
export const UNSIGNED: Side = { signer: "none", settings: "the host's", port: 2501, isSigned: false };

/** Neither signed nor delivered as by the host: by the settings that Debian's package has. */
export const DEFAULTS: Side = { signer: "none", settings: "Debian's", port: 2503, isSigned: false };

/** The host as it is. */
export const OPENDKIM: Side = { signer: "OpenDKIM", settings: "the host's", port: 25, isSigned: true };

const RSPAMD: Side = { signer: "rspamd", settings: "the host's", port: 2502, isSigned: true };

/** What is different about deliveries when nothing is set but what /usr/share/postfix/main.cf.tls has (Postfix 3.10). */
const DEBIAN_SETTINGS = [
  "smtp_tls_security_level=may",
  "smtp_tls_session_cache_database=btree:/var/lib/postfix/smtp_scache",
  "smtp_tls_connection_reuse=no",
  "smtp_tls_loglevel=0",
  "smtp_dns_support_level=",
];

/**
 * Opens the ways, and sends a message by each to the strict receiver: it has to come over TLS, signed or not as the way
 * says.
 */
export async function openSides(host: MailHost): Promise<readonly Side[]> {
  const { guest, plane, domain } = host;
  const rspamd = await startRspamd(host, await readKey(guest));
  await listen(guest, UNSIGNED, "smtpd_milters=");
  await listen(guest, DEFAULTS, "smtpd_milters=", "content_filter=defaults:");
  await listen(guest, RSPAMD, `smtpd_milters=${rspamd}`);
  await addTransport(guest, "defaults", DEBIAN_SETTINGS);
  await reload(guest);
  const sides = [UNSIGNED, DEFAULTS, OPENDKIM, RSPAMD];
  for (const { port, isSigned, signer } of sides) {
    await inject(guest, { messages: 1, port, domain });
    await untilSent(guest);
    await plane.mailServer.sync();
    const attempt = plane.attempts.at(-1);
    const aligned = attempt?.message?.dmarc.aligned.dkim;
    if (attempt?.outcome !== "accepted" || attempt.tls === undefined || (aligned === domain) !== isSigned)
      throw new Error(
        `Mail by way of signer ${signer}: ${attempt?.outcome ?? "nothing came"}, ` +
          `${attempt?.tls ?? "no TLS"}, DKIM of ${aligned ?? "nobody"}`,
      );
  }
  return sides;
}

/** A listener as on port 25, but for some settings. */
async function listen(guest: Guest, { port }: Side, ...settings: readonly string[]): Promise<void> {
  await guest.check(["postconf", "-M", `127.0.0.1:${port}/inet=127.0.0.1:${port} inet n - n - - smtpd`]);
  await guest.check(["postconf", "-P", ...settings.map((each) => `127.0.0.1:${port}/inet/${each}`)]);
}

async function addTransport(guest: Guest, name: string, settings: readonly string[]): Promise<void> {
  await guest.check(["postconf", "-M", `${name}/unix=${name} unix - - n - - smtp`]);
  await guest.check(["postconf", "-P", ...settings.map((each) => `${name}/unix/${each}`)]);
  // The cache of TLS sessions is in the hands of another process.
  const cache = settings.filter((each) => each.startsWith("smtp_tls_session_cache_database="));
  await guest.check(["postconf", "-P", ...cache.map((each) => `tlsmgr/unix/${each}`)]);
}

/** The key that OpenDKIM signs with, the first in its table: `okmail1 example.com:okmail1:/etc/dkimkeys/okmail1.pem`. */
async function readKey(guest: Guest): Promise<{ selector: string; pem: string }> {
  const table = await guest.check(["cat", "/etc/opendkim/key.table"]);
  const [, selector = "", file = ""] = /^\S+ [^:]+:([^:]+):(\S+)$/m.exec(table) ?? [];
  return { selector, pem: await guest.check(["cat", file]) };
}
