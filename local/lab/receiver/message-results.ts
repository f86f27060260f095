import type { DkimFact, DmarcFact, MessageFacts } from "../../receiver/message-facts.ts";
import type { LogRecord } from "./witness-link.ts";

/** What is known of a message that Postfix has had in its queue, if only for a moment. */
export interface MessageEvidence {
  readonly queueId: string;
  /** Records of the milters with its queue id. */
  readonly records: readonly LogRecord[];
  /** All that OpenDMARC has noted of messages. */
  readonly history: string;
  /** As it was delivered; undefined if it was refused. */
  readonly content?: string;
  readonly size: number;
}

/** What the receiver's OpenDKIM and OpenDMARC found out about a message. */
export function messageResults(evidence: MessageEvidence): MessageFacts {
  const { content, records, size } = evidence;
  return {
    size,
    from: content === undefined ? [] : authors(content),
    // Of a refused message the header is gone with the message.
    dkim: content === undefined ? dkimOfLog(textsOf(records, "opendkim")) : dkimOfHeader(content),
    dmarc: dmarcOf(evidence),
  };
}

/** The Authentication-Results fields (RFC 8601) on top of a message, without line folds. */
function authenticationResults(content: string): string[] {
  const [header = ""] = content.split(/\r?\n\r?\n/, 1);
  const unfolded = header.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/);
  // Postfix's own Received field parts what this host has written from what came with the message.
  const end = unfolded.findIndex((field) => /^received:/i.test(field));
  return unfolded.slice(0, end === -1 ? 0 : end).flatMap((field) => {
    const body = /^authentication-results:\s*(.*)$/i.exec(field)?.[1];
    return body === undefined ? [] : [body];
  });
}

function dkimOfHeader(content: string): DkimFact[] {
  return (
    authenticationResults(content)
      // A comment may hold a semicolon: `dkim=pass (2048-bit key; unprotected) header.d=…`.
      .flatMap((field) => field.split(/;\s*(?![^()]*\))/))
      .filter((entry) => entry.startsWith("dkim="))
      .map((info) => {
        const property = (name: string) => new RegExp(` ${name}=(\\S+)`).exec(info)?.[1];
        const result = /^dkim=(\w+)/.exec(info)?.[1] ?? "none";
        const bits = /\((\d+)-bit/.exec(info)?.[1];
        return dkimFact(result, {
          domain: property("header\\.d"),
          selector: property("header\\.s"),
          algorithm: property("header\\.a"),
          keyBits: bits === undefined ? undefined : Number(bits),
          comment: /reason="([^"]*)"/.exec(info)?.[1],
          info,
        });
      })
  );
}

/** OpenDKIM names each signature, and then says what is wrong with the one that it judges by. */
function dkimOfLog(texts: readonly string[]): DkimFact[] {
  const failed = texts
    .map((text) => /^key retrieval failed \(s=([^,]+), d=([^)]+)\): (.*)$/.exec(text))
    .find((match) => match !== null);
  if (failed !== undefined) {
    const [, selector, domain, comment] = failed;
    // As OpenDKIM itself says it in the field that it adds to a message which is taken.
    const result = comment?.includes("not found") === true ? "fail" : "temperror";
    return [dkimFact(result, { domain, selector, comment })];
  }
  const signatures = texts.flatMap((text) => [
    ...(/\bs=(\S+) d=(\S+) a=(\S+)/g.exec(text)?.slice(1, 4) ?? []),
  ]);
  if (signatures.length === 0) return [dkimFact("none", {})];
  const [selector, domain, algorithm] = signatures;
  const passes = texts.includes("DKIM verification successful");
  const comment = texts.find((text) => /^bad |signature/.test(text));
  return [dkimFact(passes ? "pass" : "fail", { domain, selector, algorithm, ...(!passes && { comment }) })];
}

type DkimDetails = { readonly [K in keyof Omit<DkimFact, "result">]?: DkimFact[K] | undefined };

function dkimFact(result: string, details: DkimDetails): DkimFact {
  const info =
    details.info ?? `dkim=${result}${details.domain === undefined ? "" : ` header.d=${details.domain}`}`;
  const given = Object.entries(details).filter(([, value]) => value !== undefined);
  return { result, ...Object.fromEntries(given), info };
}

/** `example.com pass`, as OpenDMARC logs it. */
const VERDICT = /^(\S+) (pass|fail|none|permerror|temperror)$/;
/** Letters by their ASCII codes, as the history has them. */
const POLICIES: Readonly<Record<string, string>> = { 110: "none", 113: "quarantine", 114: "reject" };
/** What the history calls aligned. */
const ALIGNED = "4";

function dmarcOf({ queueId, records, history }: MessageEvidence): DmarcFact {
  const verdict = textsOf(records, "opendmarc").flatMap((text) => VERDICT.exec(text) ?? []);
  const [, from, result = "permerror"] = verdict;
  const job = jobOf(history, queueId);
  // Of messages whose author's domain has no policy nothing is noted.
  const policy = POLICIES[job?.get("p") ?? ""];
  const spf = job?.get("align_spf") === ALIGNED ? (job.get("mfrom") ?? "") || from : undefined;
  const dkim = job?.get("align_dkim") === ALIGNED ? (job.get("dkim")?.split(" ")[0] ?? from) : undefined;
  return {
    result,
    ...(from !== undefined && { from }),
    ...(policy !== undefined && { policy }),
    aligned: { ...(spf !== undefined && { spf }), ...(dkim !== undefined && { dkim }) },
    info: `dmarc=${result}${policy === undefined ? "" : ` (p=${policy})`}${from === undefined ? "" : ` header.from=${from}`}`,
  };
}

/** A message's part of the history: lines of a name and a value, from its `job` line to the next one. */
function jobOf(history: string, queueId: string): ReadonlyMap<string, string> | undefined {
  const job = history.split(/^(?=job )/m).find((text) => text.startsWith(`job ${queueId}\n`));
  if (job === undefined) return undefined;
  // The first of several signatures is the one told of.
  const lines = job.split("\n").map((line) => {
    const [name = "", ...value] = line.split(" ");
    return [name, value.join(" ")] as const;
  });
  return new Map(lines.reverse());
}

function textsOf(records: readonly LogRecord[], tag: string): string[] {
  return records.filter((record) => record.tag === tag).map(({ text }) => text.trim());
}

/** Addresses of the From field; display names and comments are left out. */
function authors(content: string): string[] {
  const [header = ""] = content.split(/\r?\n\r?\n/, 1);
  const field = header
    .replace(/\r?\n[ \t]+/g, " ")
    .split(/\r?\n/)
    .find((line) => /^from:/i.test(line));
  const body = (field ?? "").replace(/^from:/i, "").replace(/"(?:\\.|[^"\\])*"|\([^)]*\)/g, "");
  return [...body.matchAll(/[^\s<>,;]+@[^\s<>,;]+/g)].map(([address]) => address);
}
