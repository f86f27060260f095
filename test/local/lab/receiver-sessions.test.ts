import { describe, expect, test } from "vitest";
import { SessionLog, type LoggedAttempt } from "../../../local/lab/receiver/sessions.ts";
import type { WitnessedFacts } from "../../../local/lab/receiver/witness-link.ts";

const PEER = "okmail.example.com[192.0.2.10]";
const FACTS: WitnessedFacts = {
  address: "192.0.2.10",
  mailFrom: "a@example.com",
  iprev: { result: "pass", names: [] },
  blocklists: [],
  heloStatus: "present",
  heloAddresses: ["192.0.2.10"],
  spfHelo: { identity: "okmail.example.com", domain: "okmail.example.com", result: "pass" },
};

/** A log of sessions, each line as `PID TEXT`; `C:` and `S:` stand for the client's and the server's lines. */
function attempts(...lines: readonly string[]): LoggedAttempt[] {
  const begun: LoggedAttempt[] = [];
  const log = new SessionLog(
    (attempt) => begun.push(attempt),
    () => undefined,
  );
  for (const line of lines) read(log, line);
  return begun;
}

function read(log: SessionLog, line: string): void {
  const [, pid, text = ""] = /^(\d+) (.*)$/s.exec(line) ?? [];
  const logged = text.replace(/^C: /, `< ${PEER}: `).replace(/^S: /, `> ${PEER}: `);
  log.read({ tag: "postfix/smtpd", pid: Number(pid), text: logged });
}

const BEGIN = [
  `1 connect from ${PEER}`,
  "1 S: 220 mx ESMTP",
  "1 C: EHLO okmail.example.com",
  "1 S: 250-mx",
  "1 S: 250 CHUNKING",
];
const MAIL = ["1 C: MAIL FROM:<a@example.com> SIZE=731", "1 S: 250 2.1.0 Ok"];
const RCPT = ["1 C: RCPT TO:<b@inbox.example>", "1 S: 250 2.1.5 Ok"];
const DATA = ["1 C: DATA", "1 S: 354 End data with <CR><LF>.<CR><LF>"];
const QUEUED = "4jYm1D3MGQz1F: client=okmail.example.com[192.0.2.10]";

describe("an attempt made of Postfix's log", () => {
  test("has client, recipients, size, queue id and the whole dialogue", () => {
    const [found] = attempts(
      ...BEGIN,
      ...MAIL,
      ...RCPT,
      `1 ${QUEUED}`,
      ...DATA,
      "1 S: 250 2.0.0 Ok: queued as 4jYm1D3MGQz1F",
    );

    expect(found).toMatchObject({
      announcedSize: 731,
      queueId: "4jYm1D3MGQz1F",
      attempt: {
        session: "1-1",
        client: { address: "192.0.2.10", helo: "okmail.example.com", mailFrom: "a@example.com" },
        recipients: ["b@inbox.example"],
        outcome: "accepted",
        reply: { code: 250, status: "2.0.0", text: "Ok: queued as 4jYm1D3MGQz1F" },
      },
    });
    expect(found?.attempt.dialogue).toContainEqual({
      session: "1-1",
      from: "server",
      line: "250-mx\n250 CHUNKING",
    });
    expect(found?.attempt.tls).toBeUndefined();
  });

  test.each<{ what: string; lines: readonly string[]; outcome: string; code: number }>([
    {
      what: "a sender",
      lines: ["1 C: MAIL FROM:<a@example.com>", "1 S: 452 4.3.1 Insufficient storage"],
      outcome: "deferred",
      code: 452,
    },
    {
      what: "the only recipient, whatever is said of DATA then",
      lines: [
        ...MAIL,
        "1 C: RCPT TO:<b@x>",
        "1 S: 550 5.7.1 no",
        "1 C: DATA",
        "1 S: 554 5.5.1 Error: no valid recipients",
      ],
      outcome: "refused",
      code: 550,
    },
    {
      what: "a message",
      lines: [...MAIL, ...RCPT, ...DATA, "1 S: 550 5.7.1 rejected by DMARC policy"],
      outcome: "refused",
      code: 550,
    },
    {
      what: "a message sent in chunks",
      lines: [...MAIL, ...RCPT, "1 C: BDAT 10 LAST", "1 S: 451 4.7.1 later"],
      outcome: "deferred",
      code: 451,
    },
    {
      what: "a session that takes too long",
      lines: [...MAIL, ...RCPT, "1 S: 421 4.4.2 Error: timeout exceeded"],
      outcome: "deferred",
      code: 421,
    },
  ])("is decided by the refusal of $what", ({ lines, outcome, code }) => {
    const [found] = attempts(...BEGIN, ...lines);

    expect(found?.attempt).toMatchObject({ outcome, reply: { code } });
  });

  test("is accepted where one of several recipients is refused", () => {
    const [found] = attempts(
      ...BEGIN,
      ...MAIL,
      "1 C: RCPT TO:<gone@elsewhere>",
      "1 S: 554 5.7.1 Relay access denied",
      ...RCPT,
      ...DATA,
      "1 S: 250 2.0.0 Ok",
    );

    expect(found?.attempt).toMatchObject({ recipients: ["b@inbox.example"], outcome: "accepted" });
  });

  test.each([
    {
      what: "goes away",
      lines: [`1 lost connection after DATA from ${PEER}`, `1 disconnect from ${PEER} ehlo=1`],
    },
    { what: "begins anew", lines: ["1 C: RSET", "1 S: 250 2.0.0 Ok", "1 C: QUIT", "1 S: 221 2.0.0 Bye"] },
  ])("stays unfinished where the client $what", ({ lines }) => {
    const [found] = attempts(...BEGIN, ...MAIL, ...RCPT, ...lines);

    expect(found?.attempt).toMatchObject({ outcome: "unfinished" });
    expect(found?.attempt.reply).toBeUndefined();
  });

  test("is one of several in a session", () => {
    const message = (from: string, reply: string) => [
      `1 C: MAIL FROM:<${from}>`,
      "1 S: 250 2.1.0 Ok",
      ...RCPT,
      ...DATA,
      `1 S: ${reply}`,
    ];
    const found = attempts(...BEGIN, ...message("one@x", "250 2.0.0 Ok"), ...message("", "550 5.7.1 no"));

    expect(found.map(({ attempt }) => [attempt.session, attempt.client.mailFrom, attempt.outcome])).toEqual([
      ["1-1", "one@x", "accepted"],
      ["1-1", "", "refused"],
    ]);
  });

  test("is told from those of other sessions at the same time, and of the same process later", () => {
    const other = (line: string) => line.replace(/^1/, "2");
    const found = attempts(
      ...BEGIN,
      ...BEGIN.map(other),
      ...MAIL,
      other("1 C: MAIL FROM:<other@x>"),
      ...RCPT,
      other("1 S: 451 4.3.0 no"),
      `1 disconnect from ${PEER} ehlo=1`,
      ...BEGIN,
      "1 C: MAIL FROM:<third@x>",
      "1 S: 250 2.1.0 Ok",
    );

    expect(found.map(({ attempt }) => [attempt.session, attempt.client.mailFrom, attempt.outcome])).toEqual([
      ["1-1", "a@example.com", "unfinished"],
      ["2-2", "other@x", "deferred"],
      ["1-3", "third@x", "unfinished"],
    ]);
  });

  test("says how the session is encrypted, from the name given after that", () => {
    const [found] = attempts(
      ...BEGIN,
      "1 C: STARTTLS",
      "1 S: 220 2.0.0 Ready to start TLS",
      `1 Anonymous TLS connection established from ${PEER}: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange x25519`,
      "1 C: EHLO other.example.com",
      "1 S: 250 mx",
      ...MAIL,
    );

    expect(found?.attempt).toMatchObject({
      tls: "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384",
      client: { helo: "other.example.com" },
    });
  });

  test.each(["before", "after"] as const)("gets what was found out %s Postfix names the message", (when) => {
    const begun: LoggedAttempt[] = [];
    const log = new SessionLog(
      (attempt) => begun.push(attempt),
      () => undefined,
    );
    for (const line of [...BEGIN, ...MAIL, "1 C: RCPT TO:<b@inbox.example>"]) read(log, line);
    if (when === "before") log.readFacts("125.6b05", FACTS);
    read(log, "1 send attr instance = 125.6b05");
    log.readFacts("other", { ...FACTS, mailFrom: "other@x" });
    if (when === "after") log.readFacts("125.6b05", FACTS);

    expect(begun[0]?.attempt.facts).toMatchObject({
      ...FACTS,
      helo: "okmail.example.com",
      heloKind: "qualified",
    });
  });

  test("isn't made of lines of sessions whose beginning is unknown", () => {
    expect(attempts("7 C: MAIL FROM:<a@x>", "7 S: 250 2.1.0 Ok", `7 disconnect from ${PEER}`)).toEqual([]);
  });
});
