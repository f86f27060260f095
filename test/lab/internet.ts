import type { ResourceRecord } from "../../local/dns/record.ts";
import type { ZoneSource } from "../../local/dns/zone.ts";
import { blocklistZone } from "../../local/dns/blocklist.ts";

/** The names of the receiver in these tests. */
export const INBOX = {
  hostname: "mx.inbox.okmail.internal",
  domain: "inbox.okmail.internal",
  blocklists: ["dnsbl.okmail.internal"],
} as const;

/** The address of the host that sends. */
export const SENDER = "203.0.113.10";

export function a(name: string, data: string): ResourceRecord {
  return { name, type: "A", ttl: 60, data };
}

export function txt(name: string, text: string): ResourceRecord {
  const strings = text.match(/.{1,255}/gs) ?? [];
  return { name, type: "TXT", ttl: 60, data: strings.map((each) => Buffer.from(each)) };
}

export function mx(name: string, exchange: string): ResourceRecord {
  return { name, type: "MX", ttl: 60, data: { preference: 10, exchange } };
}

/** What may be otherwise than it should be. */
export interface InternetOptions {
  /** The TXT records of example.com's SPF. */
  readonly spf?: readonly string[];
  readonly heloSpf?: string;
  readonly ptr?: string | undefined;
  readonly helo?: readonly ResourceRecord[];
  readonly dmarc?: string;
  /** base64 */
  readonly dkim?: string | undefined;
  readonly listed?: boolean;
  readonly mx?: readonly ResourceRecord[];
}

/** An internet on which okmail.example.com at {@link SENDER} sends for example.com, and all agrees but for what the options say. */
export function internet(options: InternetOptions = {}): ZoneSource[] {
  const {
    spf = [`v=spf1 ip4:${SENDER} -all`],
    heloSpf = "v=spf1 a -all",
    helo = [a("okmail.example.com", SENDER)],
    dmarc = "v=DMARC1; p=reject",
    dkim,
    listed = false,
    mx: exchangers = [mx("example.com", INBOX.hostname)],
  } = options;
  const ptr = "ptr" in options ? options.ptr : "okmail.example.com";
  return [
    {
      origin: "example.com",
      records: [
        ...helo,
        txt("okmail.example.com", heloSpf),
        ...spf.map((text) => txt("example.com", text)),
        ...exchangers,
        txt("_dmarc.example.com", dmarc),
        ...(dkim === undefined ? [] : [txt("k1._domainkey.example.com", `v=DKIM1; k=rsa; p=${dkim}`)]),
      ],
    },
    {
      origin: "example.net",
      records: [txt("example.net", `v=spf1 ip4:${SENDER} -all`), mx("example.net", INBOX.hostname)],
    },
    {
      origin: "113.0.203.in-addr.arpa",
      records:
        ptr === undefined ? [] : [{ name: "10.113.0.203.in-addr.arpa", type: "PTR", ttl: 60, data: ptr }],
    },
    {
      origin: "okmail.internal",
      records: [
        a("ns.okmail.internal", "203.0.113.53"),
        a(INBOX.hostname, "203.0.113.25"),
        mx(INBOX.domain, INBOX.hostname),
      ],
    },
    blocklistZone(
      INBOX.blocklists[0],
      listed ? [{ address: SENDER, reason: "sends what nobody asked for" }] : [],
    ),
  ];
}
