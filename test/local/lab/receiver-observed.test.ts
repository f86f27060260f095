import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ObservedMail } from "../../../local/lab/receiver/observed.ts";

const PEER = "okmail.example.com[192.0.2.10]";
const QUEUE_ID = "4jYm1D3MGQz1F";

let folder: string;
let mail: ObservedMail;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "okmail-observed-"));
  mkdirSync(join(folder, "inbox/new"), { recursive: true });
  mail = new ObservedMail({ mailbox: join(folder, "inbox"), history: join(folder, "history") });
});
afterEach(() => rmSync(folder, { recursive: true }));

function logged(tag: string, ...texts: readonly string[]): void {
  for (const text of texts) mail.read({ log: { tag, pid: 1, text } });
}

const settled = () => mail.settle(() => Promise.resolve());

function handedOver(): void {
  logged(
    "postfix/smtpd",
    `connect from ${PEER}`,
    `< ${PEER}: MAIL FROM:<a@example.com>`,
    `> ${PEER}: 250 2.1.0 Ok`,
    `< ${PEER}: RCPT TO:<b@inbox.example>`,
    `> ${PEER}: 250 2.1.5 Ok`,
    `${QUEUE_ID}: client=${PEER}`,
    `< ${PEER}: DATA`,
    `> ${PEER}: 354 End data with <CR><LF>.<CR><LF>`,
  );
}

function delivered(): void {
  const received = `Received: from ${PEER} by mx.inbox.example (Postfix) with ESMTPS id ${QUEUE_ID};\n`;
  writeFileSync(join(folder, "inbox/new/1"), `${received}From: a@example.com\n\nHello\n`);
  logged("postfix/qmgr", `${QUEUE_ID}: removed`);
}

const replied = () => logged("postfix/smtpd", `> ${PEER}: 250 2.0.0 Ok: queued as ${QUEUE_ID}`);

test("a message that is in the mailbox before the log has the reply to its client counts, once", async () => {
  handedOver();
  delivered();
  await settled();
  expect(mail.messages).toEqual([]);
  replied();
  await settled();
  await settled();
  expect(mail.messages.map(({ queueId }) => queueId)).toEqual([QUEUE_ID]);
});

test("a message is waited for that the client was told of before it was in the mailbox", async () => {
  handedOver();
  replied();
  let asked = 0;
  await mail.settle(() => {
    asked += 1;
    if (asked === 3) delivered();
    return Promise.resolve();
  });
  expect(mail.messages).toHaveLength(1);
});

test("a message whose client went away in its middle is none", async () => {
  handedOver();
  logged("postfix/smtpd", `disconnect from ${PEER}`);
  await settled();
  expect(mail.messages).toEqual([]);
  expect(mail.attempts).toMatchObject([{ outcome: "unfinished" }]);
});
