import { expect, test } from "vitest";
import { LetterWatch } from "../../../local/lab/delivery.ts";

const ID = "one@example.com";
const QUEUE_ID = "4jYmpv4FJ9z3wZB";
const START = [`${QUEUE_ID}: uid=0 from=<news@example.com>`, `${QUEUE_ID}: message-id=<${ID}>`];

function status(to: string, outcome: string, queueId = QUEUE_ID): string {
  return `${queueId}: to=<${to}>, relay=mx.example.net[203.0.113.25]:25, delay=0.2, delays=0/0/0.1/0.1, dsn=2.0.0, ${outcome}`;
}

async function outcomeOf(lines: readonly string[], recipients = 1) {
  const watch = new LetterWatch(ID, recipients);
  for (const line of [...START, ...lines]) watch.read(line);
  return watch.outcome;
}

test("a letter that was taken has the receiver's reply, its queue id, and the cipher", async () => {
  const tls = "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)";
  const delivery = await outcomeOf([
    `Untrusted TLS connection established to mx.example.net[203.0.113.25]:25: ${tls}`,
    status("a@example.net", "status=sent (250 2.0.0 Ok: queued as 4C0FFEE)"),
  ]);
  expect(delivery).toMatchObject({
    status: "sent",
    receipt: { accepted: true, stage: "DATA", code: 250, status: "2.0.0", queueId: "4C0FFEE", tls },
  });
});

test.each([
  [
    "RCPT TO",
    "host mx.example.net[203.0.113.25] said: 550 5.7.25 Client host rejected: cannot find your hostname (in reply to RCPT TO command)",
    { code: 550, status: "5.7.25" },
  ],
  [
    "DATA",
    "host mx.example.net[203.0.113.25] said: 451 4.7.1 Try again (in reply to end of DATA command)",
    { code: 451, status: "4.7.1" },
  ],
  [
    "CONN",
    "host mx.example.net[203.0.113.25] refused to talk to me: 554 5.7.1 No",
    { code: 554, status: "5.7.1" },
  ],
])("a refusal says at which command it came: %s", async (stage, words, reply) => {
  const delivery = await outcomeOf([status("a@example.net", `status=bounced (${words})`)]);
  expect(delivery).toMatchObject({ status: "sent", receipt: { accepted: false, stage, ...reply } });
});

test("a receiver that isn't reached leaves the letter in the queue", async () => {
  const words = "connect to mx.example.net[203.0.113.25]:25: Connection timed out";
  const delivery = await outcomeOf([status("a@example.net", `status=deferred (${words})`)]);
  expect(delivery).toEqual({ status: "held", reason: `deferred: ${words}` });
});

test("a milter that isn't ready holds it back", async () => {
  const delivery = await outcomeOf([
    `${QUEUE_ID}: milter-reject: END-OF-MESSAGE from localhost[127.0.0.1]: 4.7.1 Service unavailable; from=<news@example.com>`,
  ]);
  expect(delivery.status).toBe("held");
  expect(delivery.status === "held" && delivery.reason).toContain("4.7.1 Service unavailable");
});

test("other letters' fates are none of its own", async () => {
  const delivery = await outcomeOf([
    "4OTHER00: message-id=<two@example.com>",
    status(
      "a@example.net",
      "status=bounced (host x[1.2.3.4] said: 550 no (in reply to RCPT TO command))",
      "4OTHER00",
    ),
    status("a@example.net", "status=sent (250 2.0.0 Ok: queued as 4C0FFEE)"),
  ]);
  expect(delivery).toMatchObject({ status: "sent", receipt: { accepted: true } });
});

test("of several recipients the worst counts, and all are waited for", async () => {
  const refusal = "host x[1.2.3.4] said: 550 5.1.1 Unknown (in reply to RCPT TO command)";
  const delivery = await outcomeOf(
    [
      status("a@example.net", `status=bounced (${refusal})`),
      status("b@example.net", "status=sent (250 2.0.0 Ok)"),
    ],
    2,
  );
  expect(delivery).toMatchObject({ status: "sent", receipt: { accepted: false, code: 550 } });
});

test("what never comes to an end is held, with the log's last words", async () => {
  const watch = new LetterWatch(ID, 1);
  for (const line of START) watch.read(line);
  watch.end("no delivery status within 90 s");
  expect(await watch.outcome).toEqual({
    status: "held",
    reason: `no delivery status within 90 s; the log says: ${QUEUE_ID}: message-id=<${ID}>`,
  });
});
