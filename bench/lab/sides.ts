import type { Guest } from "../../local/lab/guest.ts";
import type { MailHost } from "./mail-host.ts";
import { inject, reload, untilSent } from "./queue.ts";
import { startRspamd } from "./rspamd.ts";

/** A way for mail into the host: the same Postfix and settings, but for who signs. */
export interface Side {
  readonly signer: string;
  readonly port: number;
  readonly isSigned: boolean;
}

/** What the others are measured against: no milter, which is Postfix's default. */
export const UNSIGNED: Side = { signer: "none", port: 2501, isSigned: false };

/** The host as it is. */
export const OPENDKIM: Side = { signer: "OpenDKIM", port: 25, isSigned: true };

const RSPAMD: Side = { signer: "rspamd", port: 2502, isSigned: true };

/**
 * Opens the ways, and sends a message by each to the strict receiver: it has to come over TLS, signed or not as the way
 * says.
 */
export async function openSides(host: MailHost): Promise<readonly Side[]> {
  const { guest, plane, domain } = host;
  const rspamd = await startRspamd(host, await readKey(guest));
  await listen(guest, UNSIGNED.port, "");
  await listen(guest, RSPAMD.port, rspamd);
  await reload(guest);
  const sides = [UNSIGNED, OPENDKIM, RSPAMD];
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

/** A listener as on port 25, with another milter. */
async function listen(guest: Guest, port: number, milter: string): Promise<void> {
  await guest.check(["postconf", "-M", `127.0.0.1:${port}/inet=127.0.0.1:${port} inet n - n - - smtpd`]);
  await guest.check(["postconf", "-P", `127.0.0.1:${port}/inet/smtpd_milters=${milter}`]);
}

/** The key that OpenDKIM signs with, the first in its table: `okmail1 example.com:okmail1:/etc/dkimkeys/okmail1.pem`. */
async function readKey(guest: Guest): Promise<{ selector: string; pem: string }> {
  const table = await guest.check(["cat", "/etc/opendkim/key.table"]);
  const [, selector = "", file = ""] = /^\S+ [^:]+:([^:]+):(\S+)$/m.exec(table) ?? [];
  return { selector, pem: await guest.check(["cat", file]) };
}
