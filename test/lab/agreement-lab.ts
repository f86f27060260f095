import type { DataPlaneOptions } from "../../local/data-plane.ts";
import { cloudZones } from "../../local/dns/cloud-zones.ts";
import { BLOCKLIST, INBOX } from "../../local/inbox.ts";
import { startLabDns } from "../../local/lab/dns.ts";
import { openLab } from "../../local/lab/lab.ts";
import { startLabReceiver } from "../../local/lab/receiver.ts";
import type { Internet } from "../agreement/cloud.ts";
import { openDialer } from "./dialer.ts";

/**
 * A lab without guests for the agreement matrix: Knot serves what follows from the store, and the strict Postfix judges clients by
 * the address that their connections really come from.
 */
export async function openAgreementLab({ store, zones, account }: DataPlaneOptions): Promise<Internet> {
  const lab = await openLab({ report: (line) => console.log(line) });
  try {
    const blocklist = { zone: BLOCKLIST, listings: [] };
    const sources = () =>
      cloudZones({ cloud: store, zones, region: account.region, inbox: INBOX, blocklist });
    const [dns, receiver, dialer] = await Promise.all([
      startLabDns(lab, { zones: sources, serial: () => store.serial }),
      startLabReceiver(lab, { hostname: INBOX.hostname, domain: INBOX.domain, blocklists: [BLOCKLIST] }),
      openDialer(lab),
    ]);
    return {
      resolver: dns.resolver,
      receiver: {
        domain: INBOX.domain,
        dial: (source) =>
          source === undefined
            ? Promise.reject(new Error("a host without an address reaches nobody"))
            : dialer.dial(source, receiver),
      },
      settle: () => dns.sync(),
      close: async () => {
        await Promise.all([dns.close(), dialer.close(), lab.close()]);
      },
    };
  } catch (error) {
    await lab.close();
    throw error;
  }
}
