import { generateKeyPairSync } from "node:crypto";
import { buffer } from "node:stream/consumers";
import DKIM from "nodemailer/lib/dkim";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startLabDns, type LabDns } from "../../local/lab/dns.ts";
import type { LabHost } from "../../local/lab/host.ts";
import { openLab, type Lab } from "../../local/lab/lab.ts";
import { startLabReceiver, type LabReceiver } from "../../local/lab/receiver.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import type { Attempt } from "../../local/receiver/attempt.ts";
import type { ZoneSource } from "../../local/dns/zone.ts";
import { a, INBOX, internet, SENDER, type InternetOptions } from "./internet.ts";
import { submit, type Submission } from "./smtp-client.ts";

const hindrance = labHindrance();
if (hindrance !== undefined) console.warn(`SKIPPED, the lab's receiver: ${hindrance}`);

const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PUBLIC_KEY = keys.publicKey.export({ type: "spki", format: "der" }).toString("base64");

const CONTENT = [
  "From: Someone <news@example.com>",
  `To: postmaster@${INBOX.domain}`,
  "Subject: a test",
  "Date: Tue, 24 Nov 2026 14:00:00 +0000",
  "Message-ID: <1@example.com>",
  "",
  "Hello.",
  "",
].join("\r\n");

async function signed(content: string): Promise<string> {
  const privateKey = keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const signer = new DKIM({ domainName: "example.com", keySelector: "k1", privateKey });
  return (await buffer(signer.sign(Buffer.from(content)))).toString("latin1");
}

describe.skipIf(hindrance !== undefined)("the lab's strict receiver", () => {
  let lab: Lab;
  let dns: LabDns;
  let receiver: LabReceiver;
  let sender: LabHost;
  let zones: readonly ZoneSource[] = internet({ dkim: PUBLIC_KEY });
  let serial = 1;

  beforeAll(async () => {
    lab = await openLab({ report: (line) => console.log(line) });
    dns = await startLabDns(lab, { zones: () => zones, serial: () => serial });
    receiver = await startLabReceiver(lab, INBOX);
    sender = await lab.host("sender", { address: SENDER, packages: [] });
  }, 300_000);

  afterAll(() => lab.close(), 60_000);

  beforeEach(() => change({}));

  async function change(options: InternetOptions): Promise<void> {
    zones = internet({ dkim: PUBLIC_KEY, ...options });
    serial += 1;
    await dns.sync();
  }

  async function send(deviation: Partial<Submission> = {}): Promise<{ reply: string; attempt: Attempt }> {
    const reply = await submit(sender, {
      helo: "okmail.example.com",
      mailFrom: "news@example.com",
      recipients: [`postmaster@${INBOX.domain}`],
      content: CONTENT,
      ...deviation,
    });
    await receiver.sync();
    const attempt = receiver.attempts.at(-1);
    if (attempt === undefined) throw new Error(`the receiver saw no attempt: ${reply}`);
    return { reply, attempt };
  }

  test("accepts what agrees, and tells all that it found out", async () => {
    const { reply, attempt } = await send({ content: await signed(CONTENT) });

    expect(reply).toMatch(/^250 2\.0\.0 Ok: queued as /);
    expect(attempt).toMatchObject({
      client: { address: SENDER, helo: "okmail.example.com", mailFrom: "news@example.com" },
      recipients: [`postmaster@${INBOX.domain}`],
      outcome: "accepted",
      reply: { code: 250, status: "2.0.0" },
      facts: {
        iprev: {
          result: "pass",
          names: [{ name: "okmail.example.com", addresses: [SENDER], confirmed: true }],
        },
        blocklists: [{ zone: "dnsbl.okmail.internal", result: "clear" }],
        heloKind: "qualified",
        heloStatus: "present",
        heloAddresses: [SENDER],
        senderDomain: { name: "example.com", exchangers: [INBOX.hostname], status: "present", nullMx: false },
        spfHelo: { result: "pass", record: "v=spf1 a -all", term: "a" },
        spfMailFrom: { result: "pass", record: `v=spf1 ip4:${SENDER} -all`, term: `ip4:${SENDER}` },
      },
      message: {
        from: ["news@example.com"],
        dkim: [
          { result: "pass", domain: "example.com", selector: "k1", algorithm: "rsa-sha256", keyBits: 2048 },
        ],
        dmarc: {
          result: "pass",
          from: "example.com",
          policy: "reject",
          aligned: { spf: "example.com", dkim: "example.com" },
        },
      },
    });
    expect(attempt.tls).toMatch(/^TLSv1\.3 with cipher /);
    expect(attempt.dialogue.map(({ line }) => line.toUpperCase())).toContainEqual(
      expect.stringMatching(/^MAIL FROM:<NEWS@EXAMPLE\.COM>/),
    );
    const message = receiver.messages.at(-1);
    expect(reply).toContain(message?.queueId);
    expect(message).toMatchObject({ mailFrom: "news@example.com", suspicious: false });
    expect(message?.content.toString()).toMatch(
      /^Return-Path: <news@example\.com>\r\n.*\r\n\r\nHello\.\r\n$/s,
    );
  });

  test.each<{ what: string; internet: InternetOptions; send?: Partial<Submission>; reply: RegExp }>([
    { what: "no reverse name", internet: { ptr: undefined }, reply: /^550 5\.7\.25 Client host rejected/ },
    {
      what: "a reverse name without address",
      internet: { ptr: "gone.example.com" },
      reply: /^550 5\.7\.25 Client host rejected/,
    },
    {
      what: "a HELO name of another address",
      internet: { helo: [a("okmail.example.com", "203.0.113.99")] },
      reply: /^550 5\.7\.25 Client host rejected/,
    },
    {
      what: "a HELO name that isn't the client's",
      internet: { helo: [a("okmail.example.com", SENDER), a("other.example.com", SENDER)] },
      send: { helo: "other.example.com" },
      reply: /^550 5\.7\.25 .*HELO other\.example\.com is not this client's name okmail\.example\.com/,
    },
    {
      what: "a HELO name that doesn't resolve",
      internet: {},
      send: { helo: "ip-172-31-0-4.ec2.internal" },
      reply: /^550 5\.7\.1 .*Helo command rejected: Host not found/,
    },
    { what: "a HELO name of one label", internet: {}, send: { helo: "okmail" }, reply: /^504 5\.5\.2 / },
    { what: "SPF that fails", internet: { spf: ["v=spf1 -all"] }, reply: /^550 5\.7\.23 .*SPF fail/ },
    {
      what: "SPF of the HELO name that fails",
      internet: { heloSpf: "v=spf1 -all" },
      reply: /^550 5\.7\.23 .*SPF fail/,
    },
    {
      what: "two SPF records",
      internet: { spf: ["v=spf1 -all", `v=spf1 ip4:${SENDER} -all`] },
      reply: /^550 5\.7\.24 .*SPF Permanent Error/,
    },
    {
      what: "an address on a blocklist",
      internet: { listed: true },
      reply: /^554 5\.7\.1 .*sends what nobody asked for/,
    },
    {
      what: "a sender's domain that takes no mail",
      internet: { mx: [{ name: "example.com", type: "MX", ttl: 60, data: { preference: 0, exchange: "" } }] },
      reply: /^55[06] 5\.\S+ .*Sender address rejected: Domain .*(nullMX|does not accept mail)/,
    },
    {
      what: "a recipient elsewhere",
      internet: {},
      send: { recipients: ["someone@example.org"] },
      reply: /^554 5\.7\.1 .*Relay access denied/,
    },
    {
      what: "mail that its author's domain disowns",
      internet: {},
      send: { mailFrom: "news@example.net" },
      reply: /^550 5\.7\.1 rejected by DMARC policy for example\.com/,
    },
  ])("refuses $what for good", async ({ internet: options, send: deviation, reply }) => {
    await change(options);
    const seen = await send(deviation);

    expect(seen.reply).toMatch(reply);
    expect(seen.attempt.outcome).toBe("refused");
    expect(
      `${seen.attempt.reply?.code ?? 0} ${seen.attempt.reply?.status ?? ""} ${seen.attempt.reply?.text ?? ""}`,
    ).toBe(seen.reply);
  });

  test("accepts what SPF is lukewarm about, and says so", async () => {
    await change({ spf: ["v=spf1 ~all"] });
    const { attempt } = await send({ content: await signed(CONTENT) });

    expect(attempt).toMatchObject({
      outcome: "accepted",
      facts: { spfMailFrom: { result: "softfail", term: "~all" } },
      message: { dmarc: { result: "pass", aligned: { dkim: "example.com" } } },
    });
    expect(attempt.message?.dmarc.aligned.spf).toBeUndefined();
  });

  test("sees at once what has changed in the DNS: another key, none, a listing and its end", async () => {
    await change({ dkim: keyOf(generateKeyPairSync("rsa", { modulusLength: 2048 })) });
    const content = await signed(CONTENT);
    expect((await send({ content })).attempt.message?.dkim).toMatchObject([{ result: "fail" }]);
    await change({});
    expect((await send({ content })).attempt.message?.dkim).toMatchObject([{ result: "pass" }]);
    await change({ listed: true });
    expect((await send()).attempt.outcome).toBe("refused");
    await change({});
    expect((await send()).attempt.outcome).toBe("accepted");
  });

  test("tells of a message that it refuses which signature it had and what DMARC made of it", async () => {
    const content = (await signed(CONTENT)).replace("Hello.", "Hullo.");
    const { attempt } = await send({ mailFrom: "news@example.net", content });

    expect(attempt).toMatchObject({
      outcome: "refused",
      message: {
        dkim: [{ result: "fail", domain: "example.com", selector: "k1" }],
        dmarc: { result: "fail", from: "example.com", policy: "reject", aligned: {} },
      },
    });
  });

  test("tells of a signature whose key isn't in the DNS, whether the message is taken or not", async () => {
    await change({ dkim: undefined });
    const content = await signed(CONTENT);
    const taken = await send({ content });
    const refused = await send({ content, mailFrom: "news@example.net" });

    const signature = { result: "fail", domain: "example.com", selector: "k1" };
    expect(taken.attempt).toMatchObject({ outcome: "accepted", message: { dkim: [signature] } });
    expect(refused.attempt).toMatchObject({ outcome: "refused", message: { dkim: [signature] } });
  });

  test("takes bounces, for which SPF looks at the HELO name", async () => {
    const { attempt } = await send({ mailFrom: "" });

    expect(attempt).toMatchObject({ client: { mailFrom: "" }, outcome: "accepted" });
    expect(attempt.facts).toMatchObject({ spfHelo: { result: "pass" } });
    expect(attempt.facts).not.toHaveProperty("spfMailFrom");
    expect(attempt.message?.dmarc).toMatchObject({ result: "pass", aligned: { spf: "example.com" } });
  });

  test("marks as suspicious what the author's domain wants quarantined", async () => {
    await change({ dmarc: "v=DMARC1; p=quarantine" });
    const { attempt } = await send({ mailFrom: "news@example.net" });

    expect(attempt.message?.dmarc).toMatchObject({ result: "fail", policy: "quarantine" });
    expect(receiver.messages.at(-1)?.suspicious).toBe(true);
  });

  test("tells several sessions at a time apart", async () => {
    const count = 12;
    const before = { attempts: receiver.attempts.length, messages: receiver.messages.length };
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        submit(sender, {
          helo: "okmail.example.com",
          mailFrom: `sender-${index}@example.com`,
          recipients: [`one-${index}@${INBOX.domain}`, `two-${index}@${INBOX.domain}`],
          content: CONTENT,
        }),
      ),
    );
    await receiver.sync();
    const attempts = receiver.attempts.slice(before.attempts);
    const messages = receiver.messages.slice(before.messages);

    expect(attempts).toHaveLength(count);
    expect(new Set(attempts.map(({ session }) => session)).size).toBe(count);
    expect(messages).toHaveLength(count);
    for (const { client, recipients, facts, message } of attempts) {
      const index = /\d+/.exec(client.mailFrom)?.[0] ?? "";
      expect(recipients).toEqual([`one-${index}@${INBOX.domain}`, `two-${index}@${INBOX.domain}`]);
      expect(facts?.mailFrom).toBe(client.mailFrom);
      expect(message?.dmarc.result).toBe("pass");
    }
    for (const { mailFrom, content } of messages)
      expect(content.toString()).toContain(`Return-Path: <${mailFrom}>`);
  });

  test("puts everybody off while it is told to, and judges again afterwards", async () => {
    await receiver.answerAll("450 4.3.2 Come again later");
    const { reply, attempt } = await send();
    await receiver.answerAll(undefined);

    expect(reply).toMatch(/^450 4\.3\.2 .*Come again later/);
    expect(attempt.outcome).toBe("deferred");
    expect((await send()).attempt.outcome).toBe("accepted");
  });

  test("answers nobody while it is stopped", async () => {
    await receiver.become("stopped");
    const reply = await submit(sender, {
      helo: "okmail.example.com",
      mailFrom: "news@example.com",
      recipients: [`postmaster@${INBOX.domain}`],
      content: CONTENT,
    });
    await receiver.become("strict");

    expect(reply).toMatch(/refused/i);
    expect((await send()).attempt.outcome).toBe("accepted");
  });

  test("swallows everything as a sink, over TLS, and counts it", async () => {
    await receiver.become("sink");
    const messages = receiver.messages.length;
    const replies = [];
    for (let index = 0; index < 3; index++)
      replies.push(
        await submit(sender, {
          helo: "anything.invalid",
          mailFrom: "news@example.com",
          recipients: [`postmaster@${INBOX.domain}`],
          content: CONTENT,
        }),
      );
    const count = await receiver.become("strict");
    await receiver.sync();

    expect(replies).toEqual(replies.map(() => expect.stringMatching(/^250 /) as unknown));
    expect(count).toBe(3);
    expect(receiver.messages).toHaveLength(messages);
  });

  test("defers where the DNS doesn't answer", async () => {
    dns.pause();
    const { reply, attempt } = await send().finally(() => dns.resume());

    expect(reply).toMatch(/^4\d\d /);
    expect(attempt.outcome).toBe("deferred");
  }, 120_000);
});

function keyOf({ publicKey }: ReturnType<typeof generateKeyPairSync>): string {
  return publicKey.export({ type: "spki", format: "der" }).toString("base64");
}
