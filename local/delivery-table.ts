import { styleText } from "node:util";
import type { Attempt } from "./receiver/attempt.ts";
import type { ClientFacts } from "./receiver/client-facts.ts";
import type { MessageFacts } from "./receiver/message-facts.ts";
import type { SpfCheck } from "./receiver/spf.ts";

/** One line of the table: what was looked at, what was seen, and what the receiver makes of it. */
export interface DeliveryRow {
  readonly what: string;
  readonly seen: string;
  /** Absent where there is nothing to judge. */
  readonly verdict?: { readonly good: boolean; readonly text: string };
}

/** What a receiver saw of a delivery, in the order in which it looks. */
export function deliveryRows({ facts, message, reply, tls }: Attempt): DeliveryRow[] {
  return [
    ...(facts === undefined ? [] : clientRows(facts)),
    ...(message === undefined ? [] : messageRows(message)),
    ...(tls === undefined ? [] : [{ what: "TLS", seen: tls }]),
    {
      what: "reply",
      seen: reply === undefined ? "none" : `${reply.code} ${reply.status} ${reply.text}`,
      verdict: reply?.code === 250 ? { good: true, text: "accepted" } : { good: false, text: "not accepted" },
    },
  ];
}

/** The rows in columns, for a terminal; coloured if `stream` is one. */
export function renderRows(
  rows: readonly DeliveryRow[],
  stream: NodeJS.WritableStream = process.stdout,
): string {
  const widthOf = (column: "what" | "seen") => Math.max(...rows.map((row) => row[column].length));
  const [what, seen] = [widthOf("what"), Math.min(widthOf("seen"), 60)];
  return rows
    .map(({ what: label, seen: text, verdict }) => {
      const start = `  ${label.padEnd(what)}  ${text.padEnd(verdict === undefined ? 0 : seen)}`;
      if (verdict === undefined) return start;
      const mark = verdict.good ? "✓" : "✗";
      const paint = verdict.good ? "green" : "red";
      return `${start}  ${styleText(paint, `${mark} ${verdict.text}`, { stream })}`;
    })
    .join("\n");
}

function clientRows(facts: ClientFacts): DeliveryRow[] {
  const { address, helo, heloAddresses, iprev, blocklists, senderDomain, spfMailFrom, spfHelo } = facts;
  const listed = blocklists.filter(({ result }) => result === "listed").map(({ zone }) => zone);
  const unanswered = blocklists.filter(({ result }) => result === "temperror").map(({ zone }) => zone);
  const confirmed = iprev.names.filter((name) => name.confirmed).map(({ name }) => name);
  return [
    {
      what: "address",
      seen: address,
      verdict:
        listed.length > 0
          ? { good: false, text: `listed by ${listed.join(", ")}` }
          : unanswered.length > 0
            ? { good: false, text: `no answer from ${unanswered.join(", ")}` }
            : { good: true, text: "on no blocklist" },
    },
    {
      what: "HELO",
      seen: helo,
      verdict: confirmed.includes(helo.toLowerCase())
        ? { good: true, text: "is the client's name" }
        : { good: false, text: "is not the client's name" },
    },
    {
      what: "A",
      seen: `${helo} -> ${heloAddresses.join(", ") || "no address"}`,
      verdict: heloAddresses.includes(address)
        ? { good: true, text: "is the client's address" }
        : { good: false, text: "is not the client's address" },
    },
    {
      what: "PTR",
      seen: `${address} -> ${iprev.names.map(({ name }) => name).join(", ") || "no name"}`,
      verdict:
        iprev.result === "pass"
          ? { good: true, text: "forward-confirmed" }
          : { good: false, text: `iprev=${iprev.result}` },
    },
    ...(senderDomain === undefined
      ? []
      : [
          {
            what: "MX",
            seen: senderDomain.exchangers.join(", ") || "none",
            verdict:
              senderDomain.status === "present" && !senderDomain.nullMx
                ? { good: true, text: "takes bounces" }
                : { good: false, text: "takes no bounces" },
          },
        ]),
    ...(spfMailFrom === undefined ? [] : [spfRow("SPF", spfMailFrom)]),
    spfRow("SPF of HELO", spfHelo),
  ];
}

function spfRow(what: string, { record, result, term, domain }: SpfCheck): DeliveryRow {
  return {
    what,
    seen: record ?? `no record at ${domain}`,
    verdict: { good: result === "pass", text: term === undefined ? result : `${result} by ${term}` },
  };
}

function messageRows({ dkim, dmarc }: MessageFacts): DeliveryRow[] {
  return [
    ...dkim.map(({ selector, domain, algorithm, keyBits, result, comment }) => ({
      what: "DKIM",
      seen:
        selector === undefined || domain === undefined
          ? "no signature"
          : `${selector}._domainkey.${domain}${keyBits === undefined ? "" : `, ${algorithm ?? "rsa"} ${keyBits} bit`}`,
      verdict: { good: result === "pass", text: comment === undefined ? result : `${result} (${comment})` },
    })),
    {
      what: "DMARC",
      seen: dmarc.policy === undefined ? `no record for ${dmarc.from ?? "the author"}` : `p=${dmarc.policy}`,
      verdict: {
        good: dmarc.result === "pass",
        text: `${dmarc.result}${aligned(dmarc.aligned)}`,
      },
    },
  ];
}

function aligned({ spf, dkim }: MessageFacts["dmarc"]["aligned"]): string {
  const names = [spf && "SPF", dkim && "DKIM"].filter((name) => name !== undefined);
  return names.length === 0 ? "" : `, ${names.join(" and ")} aligned`;
}
