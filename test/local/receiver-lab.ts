import { generateKeyPairSync } from "node:crypto";
import { buffer } from "node:stream/consumers";
import DKIM from "nodemailer/lib/dkim";
import { ship, type Receipt, type Shipment } from "../../local/host/smtp-client.ts";
import { blocklistZone } from "../../local/dns/blocklist.ts";
import { reverseName } from "../../local/dns/name.ts";
import { localResolver } from "../../local/dns/resolver.ts";
import { startDnsServer } from "../../local/dns/server.ts";
import { indexZones, type ZoneSource } from "../../local/dns/zone.ts";
import { startReceiver, type Receiver, type ReceiverOptions } from "../../local/receiver/receiver.ts";
import { record, records } from "./dns-records.ts";

export const ADDRESS = "192.0.2.10";
export const BLOCKLIST = "dnsbl.okmail.internal";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
export const DKIM_KEY = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const DKIM_RECORD = `v=DKIM1; k=rsa; p=${publicKey.export({ type: "spki", format: "der" }).toString("base64")}`;

/** The DNS of a sender whose mail is accepted: one line a record, as `record` reads it. */
export const GOOD: readonly string[] = [
  "okmail.example.com A 192.0.2.10",
  "okmail.example.com TXT v=spf1 ip4:192.0.2.10 -all",
  "example.com MX 10 okmail.example.com",
  "example.com TXT v=spf1 ip4:192.0.2.10 -all",
  `k1._domainkey.example.com TXT ${DKIM_RECORD.slice(0, 255)}|${DKIM_RECORD.slice(255)}`,
  "_dmarc.example.com TXT v=DMARC1; p=reject",
];

/** What is to be seen in the DNS, and what the client does. */
export interface Scene {
  /** Record lines; a line is taken out of the good ones where `without` has its first two words. */
  readonly without?: readonly string[];
  readonly and?: readonly string[];
  /** Names that the client's address points to. @default ["okmail.example.com"] */
  readonly pointers?: readonly string[];
  readonly listed?: boolean;
  /** Look-ups that fail with ESERVFAIL: `TXT example.com`. */
  readonly failing?: readonly string[];
  readonly shipment?: Partial<Shipment>;
  /** Whether, and with which key, the message is signed. @default the good one */
  readonly signed?: string | false;
  readonly message?: string;
}

export interface Lab {
  readonly receiver: Receiver;
  /** Sets the scene and sends one message. */
  play(scene: Scene): Promise<Receipt>;
  close(): Promise<void>;
}

export const MESSAGE = [
  "From: Ada <ada@example.com>",
  "To: bob@inbox.okmail.internal",
  "Subject: Hello",
  "Date: Sat, 31 Jan 2026 12:00:00 +0000",
  "Message-ID: <1@example.com>",
  "",
  "Hello Bob",
  "",
].join("\r\n");

/** A DNS server, a receiver and a client. */
export async function openLab(options: Partial<ReceiverOptions> = {}): Promise<Lab> {
  let zones = indexZones([]);
  let failing: readonly string[] = [];
  const dns = await startDnsServer(() => zones);
  const asked = localResolver([`${dns.address}:${dns.port}`]);
  const receiver = await startReceiver({
    resolver: (name, type) =>
      failing.includes(`${type} ${name}`)
        ? Promise.reject(Object.assign(new Error(`${type} ${name} fails`), { code: "ESERVFAIL" }))
        : asked.resolve(name, type),
    hostname: "mx.inbox.okmail.internal",
    recipientDomain: "inbox.okmail.internal",
    blocklistZones: [BLOCKLIST],
    ...options,
  });
  return {
    receiver,
    play: async (scene) => {
      zones = indexZones(zonesOf(scene));
      failing = scene.failing ?? [];
      return ship({
        receiver,
        source: ADDRESS,
        helo: "okmail.example.com",
        mailFrom: "ada@example.com",
        recipients: ["bob@inbox.okmail.internal"],
        content: await sign(scene),
        ...scene.shipment,
      });
    },
    close: async () => {
      await receiver.close();
      await dns.close();
    },
  };
}

function zonesOf({ without = [], and = [], pointers = ["okmail.example.com"], listed }: Scene): ZoneSource[] {
  const kept = GOOD.filter((line) => !without.some((start) => line.startsWith(`${start} `)));
  const lines = [...kept, ...and];
  const inZone = (origin: string) => records(...lines.filter((line) => line.split(" ")[0]?.endsWith(origin)));
  return [
    { origin: "example.com", records: inZone("example.com") },
    { origin: "example.net", records: inZone("example.net") },
    {
      origin: "2.0.192.in-addr.arpa",
      records: pointers.map((name) => record(`${reverseName(ADDRESS)} PTR ${name}`)),
    },
    blocklistZone(BLOCKLIST, listed === true ? [{ address: ADDRESS, reason: "Sends junk" }] : []),
  ];
}

async function sign({ signed = DKIM_KEY, message = MESSAGE }: Scene): Promise<Buffer> {
  if (signed === false) return Buffer.from(message);
  const signer = new DKIM({ domainName: "example.com", keySelector: "k1", privateKey: signed });
  return buffer(signer.sign(message));
}
