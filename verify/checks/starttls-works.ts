import { agrees, remarks, type Statement } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";
import { serverText, type MailServer } from "../facts.ts";
import type { Encryption } from "../smtp/visit.ts";

export const starttlsWorks: Check = {
  id: "starttls-works",
  title: "Mail to the domain comes encrypted",
  severity: "advisory",
  description:
    "Each mail exchanger offers STARTTLS, and the session that follows is TLS 1.2 or newer with a certificate of its name " +
    "that is valid. Senders that do not verify go on without it; MTA-STS and DANE make them refuse.",
  sources: ["RFC 3207 4", "RFC 8996 5", "RFC 9325 3.1.1"],
  // A host that takes mail as an exchanger is told of with the domain.
  ofSender: async ({ servers }) =>
    (await servers()).filter(({ exchanger }) => !exchanger).flatMap(encryption),
  ofDomain: async ({ servers }) => (await servers()).flatMap(encryption),
};

/** Days before its end at which a certificate ought to have been renewed. */
const renewalDays = 14;
const day = 86_400_000;

function encryption({ name, address, visit }: MailServer): Statement[] {
  const host = serverText({ name, address });
  const { ehlo, offersTls, encryption: tls, fault } = visit;
  if (ehlo?.code !== 250) return [];
  if (!offersTls)
    return [
      remarks(`${host} offers no STARTTLS, so mail to it comes in clear.`, {
        address,
        expected: "STARTTLS",
        fix: `Give ${name} a certificate, and set smtpd_tls_security_level to may.`,
      }),
    ];
  if (tls === undefined)
    return [
      remarks(
        `${host} offers STARTTLS, but no encrypted session comes of it${fault === undefined ? "" : `: it ${fault.message}`}.`,
        { address, fix: `Look at the certificate and key of ${name}, and at its mail log.` },
      ),
    ];
  const faults = [...protocolFaults(tls), ...certificateFaults(tls)];
  const found = `${tls.protocol} with ${tls.cipher}`;
  if (faults.length === 0)
    return [
      agrees(`${host} encrypts: ${found}, certificate valid until ${dateText(tls.expires)}.`, {
        address,
        found,
      }),
    ];
  return faults.map(([message, fix]) =>
    remarks(`${host}: ${message}.`, { address, found, fix: fix.replaceAll("{name}", name) }),
  );
}

function protocolFaults({ protocol }: Encryption): [message: string, fix: string][] {
  if (protocol === "TLSv1.2" || protocol === "TLSv1.3") return [];
  return [
    [
      `the session is ${protocol}, which nobody ought to use any more`,
      "Set smtpd_tls_protocols of {name} to >=TLSv1.2.",
    ],
  ];
}

function certificateFaults({ fault, expires }: Encryption): [message: string, fix: string][] {
  if (fault !== undefined)
    return [
      [
        `the certificate ${fault}`,
        "Get a certificate for {name} from an authority that others know, such as Let's Encrypt (okmail:tls).",
      ],
    ];
  const left = expires === undefined ? Infinity : (expires.getTime() - Date.now()) / day;
  if (left >= renewalDays) return [];
  return [
    [
      `the certificate expires on ${dateText(expires)}, in ${Math.floor(left)} days`,
      "See why the certificate of {name} is not renewed: port 80 has to be open for it.",
    ],
  ];
}

function dateText(date: Date | undefined): string {
  return date?.toISOString().slice(0, 10) ?? "?";
}
