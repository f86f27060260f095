import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readParameter } from "../../local/aws/parameter.ts";
import { INBOX } from "../../local/inbox.ts";
import type { Guest } from "../../local/lab/guest.ts";
import type { LabHost } from "../../local/lab/host.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import { openHostLab, statusOf, type DeclaredHost, type HostLab } from "./host-lab.ts";
import { undelivered } from "./letters.ts";
import { relayProbes } from "./relay-probes.ts";
import { runErrands, type Login, type TimedReply } from "./smtp-errand.ts";
import type { SmtpPort } from "./smtp-dialogue.ts";
import { submissionProbes } from "./submission-probes.ts";

const hindrance = labHindrance();
if (hindrance !== undefined)
  console.warn(`SKIPPED, the host's relay and submission in the lab: ${hindrance}`);

const DOMAIN = "example.com";
const STRANGER = "203.0.113.77";

// One host for all tests; none of them leaves it otherwise than it was.
describe.skipIf(hindrance !== undefined)("the stack's host, seen by others on the internet", () => {
  let lab: HostLab;
  let host: DeclaredHost;
  let guest: Guest;
  let outsider: LabHost;
  let login: Login;

  beforeAll(async () => {
    lab = await openHostLab({ "okmail:dkim": { selector: "okmail1", ed25519Selector: "okmail1e" } });
    ({ host, guest } = await lab.up());
    outsider = await lab.plane.lab.host("outsider", { address: STRANGER, packages: [] });
    const { store } = lab.stack.session.cloud;
    login = {
      user: "app",
      password: readParameter(store, `/okmail/${DOMAIN}/submission/app`)?.value ?? "none",
    };
  });
  afterAll(() => lab.close());

  const port = (number: 25 | 465 | 587, tls: SmtpPort["tls"]): SmtpPort => ({
    address: host.address,
    port: number,
    tls,
  });

  // Of the host, which is there once the tests run.
  const port25 = () => port(25, "none");
  const port465 = () => port(465, "implicit");

  async function dialogue(server: SmtpPort, ...lines: readonly string[]): Promise<readonly TimedReply[]> {
    const { dialogues } = await runErrands(lab.plane.lab, outsider, { dialogues: [{ server, lines }] });
    return dialogues[0] ?? [];
  }

  const codes = (replies: readonly TimedReply[]) => replies.map(({ code }) => code);
  const plain = (password: string) =>
    `AUTH PLAIN ${Buffer.from(`\0${login.user}\0${password}`).toString("base64")}`;
  const mailbox = () => guest.run(["cat", "/var/mail/mail"]).then(({ stdout }) => stdout);

  test("passes on nothing for strangers, whatever they say, on any port", async () => {
    const probes = relayProbes({
      domain: DOMAIN,
      helo: host.helo,
      address: host.address,
      stranger: { localPart: "victim", domain: INBOX.domain },
    });
    const ports = [port(25, "none"), port(587, "starttls"), port(465, "implicit")];
    const tried = ports.flatMap((server) => probes.map((probe) => ({ server, probe })));
    const { probes: outcomes } = await runErrands(lab.plane.lab, outsider, { probes: tried });

    expect(outcomes.length).toBe(3 * probes.length);
    const refused = outcomes.map(({ accepted, reply }, index) => ({
      probe: `${tried[index]?.server.port}: ${tried[index]?.probe.title}`,
      refused: !accepted && reply.code >= 500,
      reply: reply.text,
    }));
    expect(refused.filter((each) => !each.refused)).toEqual([]);
    expect(lab.plane.messages).toEqual([]);
  });

  test.each([
    ["25", port25],
    ["465", port465],
  ])(
    "tells and does nothing for strangers at port %s but take mail: VRFY, EXPN and ETRN are refused",
    async (_, at) => {
      const said = [
        "VRFY postmaster",
        `VRFY bounces@${DOMAIN}`,
        "EXPN postmaster",
        `ETRN ${DOMAIN}`,
        `ETRN ${INBOX.domain}`,
      ];
      const [, hello, ...replies] = await dialogue(at(), "EHLO probe.example.org", ...said);
      expect(hello?.text).not.toMatch(/VRFY|EXPN/);
      expect(replies.map(({ code }) => code >= 500 && code < 600)).toEqual(said.map(() => true));
      expect(replies.map(({ text }) => text).join("\n")).not.toMatch(/postmaster|bounces/i);
    },
  );

  test("takes no password in clear", async () => {
    const [, hello, auth] = await dialogue(port(587, "none"), "EHLO app.example.org", plain(login.password));
    expect(hello?.text).toContain("STARTTLS");
    expect(hello?.text).not.toContain("AUTH");
    expect(auth?.code).toBe(530);
    const [, , encrypted] = await dialogue(
      port(587, "starttls"),
      "EHLO app.example.org",
      "STARTTLS",
      "EHLO app.example.org",
    );
    expect(encrypted?.code).toBe(220);
  });

  test("takes no password on port 25, encrypted or not", async () => {
    const replies = await dialogue(
      port(25, "starttls"),
      "EHLO app.example.org",
      "STARTTLS",
      "EHLO app.example.org",
      plain(login.password),
    );
    expect(replies[1]?.text).not.toContain("AUTH");
    expect(replies[3]?.text).not.toContain("AUTH");
    expect(codes(replies)).toEqual([220, 250, 220, 250, 503]);
  });

  test("answers a wrong password late, and the right one at once", async () => {
    const guesses = ["a", "b"].map(plain);
    const replies = await dialogue(
      port(465, "implicit"),
      "EHLO app.example.org",
      ...guesses,
      plain(login.password),
    );
    expect(codes(replies)).toEqual([220, 250, 535, 535, 235]);
    const [first, second, right] = replies.slice(2).map(({ took }) => took);
    expect(first).toBeGreaterThan(2500);
    expect(second).toBeGreaterThan(2500);
    expect(right).toBeLessThan(2500);
  });

  test("has an application send as its own domain only", async () => {
    const probes = submissionProbes(DOMAIN, host.helo);
    const recipient = `sink@${INBOX.domain}`;
    const tried = probes.map((probe) => ({ server: port(587, "starttls"), login, probe, recipient }));
    // A second port, the same restrictions: one of each kind.
    const again = ["accepted", "refused"].flatMap((verdict) =>
      probes
        .filter((probe) => probe.verdict === verdict)
        .slice(0, 3)
        .map((probe) => ({ server: port(465, "implicit"), login, probe, recipient })),
    );
    const { submissions } = await runErrands(lab.plane.lab, outsider, { submissions: [...tried, ...again] });

    const judged = submissions.map(({ accepted, reply, stage }, index) => {
      const { title = "", verdict = "" } = [...tried, ...again][index]?.probe ?? {};
      const found = accepted ? "accepted" : reply.code >= 500 ? "refused" : "neither";
      return { title, verdict, found, stage, reply: reply.text };
    });
    expect(judged.filter(({ verdict, found }) => verdict !== found)).toEqual([]);

    // What was taken arrives, and every author in it is the domain's.
    const taken = judged.filter(({ found }) => found === "accepted").length;
    const delivered = async () => {
      // A busy receiver may put one off.
      await guest.check(["postqueue", "-f"]);
      return { arrived: (await received(recipient)).length, undelivered: await undelivered(guest) };
    };
    await expect
      .poll(delivered, { timeout: 60_000, interval: 500 })
      .toEqual({ arrived: taken, undelivered: [] });
    for (const attempt of await received(recipient))
      expect(attempt.message?.dmarc.result, attempt.message?.dmarc.info).toBe("pass");
  });

  /** The attempts to deliver to somebody at the receiver that it accepted. */
  async function received(recipient: string) {
    await lab.plane.mailServer.sync();
    return lab.plane.attempts.filter(
      ({ outcome, recipients }) => outcome === "accepted" && recipients.includes(recipient),
    );
  }

  test("what an application hands over arrives at a strict receiver, signed with each key", async () => {
    const recipient = `inbox@${INBOX.domain}`;
    const replies = await dialogue(
      port(465, "implicit"),
      "EHLO app.example.org",
      plain(login.password),
      `MAIL FROM:<app@${DOMAIN}>`,
      `RCPT TO:<${recipient}>`,
      "DATA",
      `From: The App <app@${DOMAIN}>\r\nTo: <${recipient}>\r\nSubject: Hello\r\n\r\nHello\r\n.`,
    );
    expect(codes(replies)).toEqual([220, 250, 235, 250, 250, 354, 250]);
    await expect.poll(() => received(recipient), { timeout: 30_000, interval: 100 }).toHaveLength(1);
    const [attempt] = await received(recipient);

    expect(attempt).toMatchObject({
      outcome: "accepted",
      client: { address: host.address, helo: host.helo },
      facts: { spfMailFrom: { result: "pass" }, spfHelo: { result: "pass" } },
      message: { dmarc: { result: "pass", aligned: { spf: DOMAIN, dkim: DOMAIN } } },
    });
    expect(attempt?.tls).toContain("TLSv1.3");
    const signatures = attempt?.message?.dkim.map(
      ({ result, domain, selector, algorithm }) => `${result} ${domain} ${selector} ${algorithm}`,
    );
    expect(signatures?.toSorted()).toEqual([
      `pass ${DOMAIN} okmail1 rsa-sha256`,
      `pass ${DOMAIN} okmail1e ed25519-sha256`,
    ]);
    // Nothing of the application but what it said.
    const [message] = lab.plane.messages.filter(({ recipients }) => recipients.includes(recipient));
    expect(message?.content.toString("latin1")).not.toContain(STRANGER);
    expect(message?.content.toString("latin1")).not.toContain("app.example.org");
  });

  test.each([
    ["a bounce", "<>", `bounces@${DOMAIN}`],
    ["a bounce to an address of its own", "<>", `bounces+4711@${DOMAIN}`],
    ["a letter to the postmaster", `<somebody@${INBOX.domain}>`, `postmaster@${DOMAIN}`],
    ["a letter to the postmaster of the host", `<somebody@${INBOX.domain}>`, "Postmaster@okmail.example.com"],
    ["a complaint", `<somebody@${INBOX.domain}>`, `abuse@${DOMAIN}`],
    ["a DMARC report", `<reports@${INBOX.domain}>`, `dmarc@${DOMAIN}`],
  ])("takes and keeps %s", async (title, mailFrom, recipient) => {
    const id = `${crypto.randomUUID()}@${INBOX.domain}`;
    const replies = await dialogue(
      port(25, "starttls"),
      `EHLO ${INBOX.hostname}`,
      "STARTTLS",
      `EHLO ${INBOX.hostname}`,
      `MAIL FROM:${mailFrom}`,
      `RCPT TO:<${recipient}>`,
      "DATA",
      `From: <somebody@${INBOX.domain}>\r\nMessage-ID: <${id}>\r\nSubject: ${title}\r\n\r\n${title}\r\n.`,
    );
    expect(codes(replies)).toEqual([220, 250, 220, 250, 250, 250, 354, 250]);
    await expect.poll(mailbox, { timeout: 20_000, interval: 100 }).toContain(id);
  });

  test.each([
    "nobody@example.com",
    "root@example.com",
    "opendkim@example.com",
    "mail@example.com",
    "app@example.com",
    "postmaster@sub.example.com",
  ])("refuses mail to %s for good, before its content", async (recipient) => {
    const replies = await dialogue(
      port(25, "none"),
      `EHLO ${INBOX.hostname}`,
      "MAIL FROM:<>",
      `RCPT TO:<${recipient}>`,
    );
    expect(codes(replies).slice(0, 3)).toEqual([220, 250, 250]);
    expect(replies[3]?.code).toBeGreaterThanOrEqual(550);
  });

  test("has nothing wrong after all that", async () => {
    expect(await statusOf(guest)).toMatchObject({ code: 0, wrong: [] });
    expect(await guest.check(["postqueue", "-j"])).toBe("");
  });
});
