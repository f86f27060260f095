import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { ADDRESS, MESSAGE, openLab, type Lab, type Scene } from "./receiver-lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const otherKey = () =>
  generateKeyPairSync("rsa", { modulusLength: 2048 })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();

function content(): string {
  return lab.receiver.messages.at(-1)?.content.toString() ?? "";
}

describe("a sender that is all right", () => {
  it("is accepted over TLS, with every method passing in Authentication-Results", async () => {
    const receipt = await lab.play({});
    expect(receipt).toMatchObject({ accepted: true, stage: "DATA", code: 250, status: "2.0.0" });
    expect(receipt.tls).toMatch(/^TLSv1\.3 with cipher/);
    expect(receipt.queueId).toMatch(/^[0-9A-F]{10}$/);
    expect(content().split("\r\n\r\n")[0]).toMatch(
      new RegExp(
        [
          "Return-Path: <ada@example.com>",
          "Authentication-Results: mx.inbox.okmail.internal;",
          "\tiprev=pass \\(okmail.example.com\\) policy.iprev=192.0.2.10;",
          "\tspf=pass \\(ip4:192.0.2.10\\) smtp.mailfrom=example.com;",
          "\tspf=pass \\(ip4:192.0.2.10\\) smtp.helo=okmail.example.com;",
          "\tdkim=pass .*header.d=example.com.*;",
          "\tdmarc=pass .*header.from=example.com.*",
          "Received: from okmail.example.com \\(okmail.example.com \\[192.0.2.10\\]\\)",
          "\t\\(using TLSv1.3 with cipher .*\\)",
          `\tby mx.inbox.okmail.internal with ESMTPS id ${receipt.queueId ?? ""}`,
          "\tfor <bob@inbox.okmail.internal>;",
          "\t.* \\+0000",
          "DKIM-Signature: ",
        ].join("\r\n"),
      ),
    );
    expect(content().endsWith(`\r\n${MESSAGE}`)).toBe(true);
  });

  it("leaves a record of all that was seen and said", async () => {
    await lab.play({});
    const attempt = lab.receiver.attempts.at(-1);
    expect(attempt).toMatchObject({
      client: { address: ADDRESS, helo: "okmail.example.com", mailFrom: "ada@example.com" },
      recipients: ["bob@inbox.okmail.internal"],
      outcome: "accepted",
      reply: { code: 250 },
      facts: {
        iprev: {
          result: "pass",
          names: [{ name: "okmail.example.com", addresses: [ADDRESS], confirmed: true }],
        },
        blocklists: [{ zone: "dnsbl.okmail.internal", result: "clear" }],
        heloStatus: "present",
        heloAddresses: [ADDRESS],
        senderDomain: { name: "example.com", status: "present", nullMx: false },
        spfHelo: { result: "pass", term: "ip4:192.0.2.10", record: "v=spf1 ip4:192.0.2.10 -all" },
        spfMailFrom: { result: "pass", identity: "ada@example.com" },
      },
      message: {
        from: ["ada@example.com"],
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
    const lines = attempt?.dialogue.map(({ from, line }) => `${from}: ${line.split(/[\r ]/)[0] ?? ""}`);
    expect(lines).toContain("client: STARTTLS");
    expect(lines).toContain("server: 354");
  });

  test.each<[string, Scene]>([
    ["in clear", { shipment: { starttls: false } }],
    [
      "with capitals in its names, and a final dot in that of its address",
      { pointers: ["OkMail.Example.COM."], shipment: { helo: "OKMAIL.example.com" } },
    ],
    ["with a second name that is not its own", { pointers: ["other.example.net", "okmail.example.com"] }],
    ["with a null reverse-path", { shipment: { mailFrom: "" } }],
    ["without SPF for its HELO name", { without: ["okmail.example.com TXT"] }],
    [
      "without an MX, but with an address of its domain",
      { without: ["example.com MX"], and: ["example.com A 192.0.2.10"] },
    ],
    [
      "with a softfail, as long as DKIM passes",
      { without: ["example.com TXT"], and: ["example.com TXT v=spf1 ~all"] },
    ],
    ["without DKIM, as long as SPF passes", { signed: false }],
    ["with a broken signature, as long as SPF passes", { signed: otherKey() }],
    [
      "without DMARC, SPF and DKIM",
      { without: ["_dmarc.example.com TXT", "example.com TXT"], signed: false },
    ],
    ["to the postmaster", { shipment: { recipients: ["postmaster"] } }],
  ])("is accepted %s", async (_, scene) =>
    expect(await lab.play(scene)).toMatchObject({ accepted: true, code: 250 }),
  );
});

describe("a strict receiver refuses", () => {
  const elsewhere = "192.0.2.99";
  test.each<[string, Scene, number, string, string | RegExp]>([
    // In the order in which it asks.
    [
      "a recipient elsewhere",
      { shipment: { recipients: ["bob@example.org"] } },
      550,
      "5.7.1",
      "<bob@example.org>: Relay access denied",
    ],
    [
      "no PTR",
      { pointers: [] },
      550,
      "5.7.25",
      "Client host rejected: cannot find your hostname, [192.0.2.10] (no PTR record)",
    ],
    [
      "a client without an address",
      { shipment: { source: undefined } },
      550,
      "5.7.25",
      "cannot find your hostname, [127.0.0.1]",
    ],
    [
      "a PTR to a name without address",
      { pointers: ["gone.example.com"] },
      550,
      "5.7.25",
      "(PTR gone.example.com has no address)",
    ],
    [
      "a PTR to a name with another address",
      { without: ["okmail.example.com A"], and: [`okmail.example.com A ${elsewhere}`] },
      550,
      "5.7.25",
      `(PTR okmail.example.com has ${elsewhere})`,
    ],
    [
      "an address of the same network behind the PTR",
      { without: ["okmail.example.com A"], and: ["okmail.example.com A 192.0.2.11"] },
      550,
      "5.7.25",
      "cannot find your hostname",
    ],
    [
      "a provider's default PTR without forward name",
      { pointers: ["ec2-192-0-2-10.compute-1.amazonaws.com"] },
      550,
      "5.7.25",
      "cannot find your hostname",
    ],
    [
      "a listed address",
      { listed: true },
      554,
      "5.7.1",
      "Service unavailable; Client host [192.0.2.10] blocked using dnsbl.okmail.internal; Sends junk",
    ],
    [
      "a HELO of one label",
      { shipment: { helo: "okmail" } },
      504,
      "5.5.2",
      "<okmail>: Helo command rejected: need fully-qualified hostname",
    ],
    [
      "a HELO that is a bare address",
      { shipment: { helo: ADDRESS } },
      504,
      "5.5.2",
      "need fully-qualified hostname",
    ],
    [
      "a HELO that is no host name",
      { shipment: { helo: "-okmail.example.com" } },
      501,
      "5.5.2",
      "Helo command rejected: Invalid name",
    ],
    [
      "a HELO that doesn't resolve",
      { shipment: { helo: "ip-10-0-0-5.ec2.internal" } },
      550,
      "5.7.1",
      "<ip-10-0-0-5.ec2.internal>: Helo command rejected: Host not found",
    ],
    [
      "a HELO that is another name",
      { shipment: { helo: "mail.example.net" }, and: [`mail.example.net A ${ADDRESS}`] },
      550,
      "5.7.25",
      "<mail.example.net>: Helo command rejected: not this client's name (okmail.example.com)",
    ],
    [
      "a HELO that is an address literal",
      { shipment: { helo: `[${ADDRESS}]` } },
      550,
      "5.7.25",
      "not this client's name",
    ],
    [
      "a HELO that is the parent domain",
      { shipment: { helo: "example.com" } },
      550,
      "5.7.25",
      "not this client's name",
    ],
    [
      "a sender's domain that doesn't exist",
      { shipment: { mailFrom: "ada@example.org" } },
      550,
      "5.1.8",
      "<ada@example.org>: Sender address rejected: Domain not found",
    ],
    [
      "a sender's domain without MX and address",
      { shipment: { mailFrom: "ada@example.net" } },
      550,
      "5.1.8",
      "Domain not found",
    ],
    [
      "a sender's domain that takes no mail",
      { without: ["example.com MX"], and: ["example.com MX 0 ."] },
      550,
      "5.7.27",
      "Domain example.com does not accept mail (nullMX)",
    ],
    [
      "a sender's domain that says both that it takes no mail and where",
      { and: ["example.com MX 0 ."] },
      550,
      "5.7.27",
      "Domain example.com does not accept mail (nullMX)",
    ],
    [
      "SPF fail of the HELO name",
      { without: ["okmail.example.com TXT"], and: [`okmail.example.com TXT v=spf1 ip4:${elsewhere} -all`] },
      550,
      "5.7.23",
      "SPF fail - not authorized. helo=okmail.example.com; client=192.0.2.10; term=-all",
    ],
    [
      "SPF permerror of the HELO name",
      { and: ["okmail.example.com TXT v=spf1 -all"] },
      550,
      "5.7.24",
      /SPF permanent error\. helo=okmail\.example\.com/,
    ],
    [
      "SPF fail of the sender",
      { without: ["example.com TXT"], and: ["example.com TXT v=spf1 -all"] },
      550,
      "5.7.23",
      "SPF fail - not authorized. mailfrom=ada@example.com; client=192.0.2.10; term=-all",
    ],
    [
      "SPF fail by a mechanism in the middle",
      {
        without: ["example.com TXT"],
        and: ["example.com TXT v=spf1 mx:example.net -a:okmail.example.com +all"],
      },
      550,
      "5.7.23",
      "term=-a:okmail.example.com",
    ],
    [
      "SPF fail by a redirect",
      {
        without: ["example.com TXT"],
        and: ["example.com TXT v=spf1 redirect=example.net", "example.net TXT v=spf1 -all"],
      },
      550,
      "5.7.23",
      "term=redirect=example.net",
    ],
    ["two SPF records", { and: ["example.com TXT v=spf1 -all"] }, 550, "5.7.24", "mailfrom=ada@example.com"],
    [
      "SPF with an mx of eleven hosts, the client first of all",
      {
        without: ["example.com TXT"],
        and: [
          "example.com TXT v=spf1 mx:many.example.com -all",
          ...Array.from(
            { length: 11 },
            (_, n) => `many.example.com MX ${n} ${n === 0 ? "okmail.example.com" : `mx${n}.example.net`}`,
          ),
        ],
      },
      550,
      "5.7.24",
      "more than ten hosts of an mx",
    ],
    [
      "an SPF record that can't be parsed",
      { without: ["example.com TXT"], and: ["example.com TXT v=spf1 ip4:999.1.1.1 -all"] },
      550,
      "5.7.24",
      "SPF permanent error",
    ],
    ["no author", { signed: false, message: MESSAGE.replace(/^From.*\r\n/, "") }, 550, "5.6.0", "no author"],
    [
      "two authors",
      { signed: false, message: `From: eve@example.net\r\n${MESSAGE}` },
      550,
      "5.6.0",
      "no single author's domain",
    ],
    [
      "what the author's policy rejects",
      { without: ["example.com TXT"], signed: false },
      550,
      "5.7.26",
      "Message from example.com rejected: DMARC policy is reject",
    ],
    [
      "a broken signature where SPF doesn't pass and the policy rejects",
      { without: ["example.com TXT"], signed: otherKey() },
      550,
      "5.7.26",
      "DMARC policy is reject",
    ],
    [
      "another's name in From",
      {
        signed: false,
        message: MESSAGE.replace("ada@example.com", "ada@example.net"),
        and: ["_dmarc.example.net TXT v=DMARC1; p=reject"],
      },
      550,
      "5.7.26",
      "Message from example.net rejected",
    ],
  ])("%s", async (_, scene, code, status, text) => {
    const receipt = await lab.play(scene);
    expect(receipt).toMatchObject({ accepted: false, code, status });
    if (typeof text === "string") expect(receipt.reply).toContain(text);
    else expect(receipt.reply).toMatch(text);
    expect(receipt.stage).toBe(/^5\.(6\.0|7\.26)$/.test(status) ? "DATA" : "RCPT TO");
    expect(lab.receiver.attempts.at(-1)).toMatchObject({ outcome: "refused", reply: { code, status } });
  });

  it("and says why in the order of its tests, whatever else is wrong", async () => {
    const all = { pointers: [], listed: true, shipment: { helo: "okmail", mailFrom: "ada@example.org" } };
    expect(await lab.play(all)).toMatchObject({ status: "5.7.25" });
    const fewer = { listed: true, shipment: { helo: "okmail", mailFrom: "ada@example.org" } };
    expect(await lab.play(fewer)).toMatchObject({ code: 554 });
    expect(await lab.play({ shipment: { helo: "okmail", mailFrom: "ada@example.org" } })).toMatchObject({
      code: 504,
    });
  });

  it("void look-ups beyond two, those for the hosts of an MX included", async () => {
    const three = ["a", "b", "c"].map((label) => `example.net MX 10 ${label}.example.net`);
    const scene = {
      without: ["example.com TXT"],
      and: ["example.com TXT v=spf1 mx:example.net ip4:192.0.2.10 -all"],
    };
    const [, ...two] = three;
    expect(await lab.play({ ...scene, and: [...scene.and, ...three] })).toMatchObject({ status: "5.7.24" });
    expect(await lab.play({ ...scene, and: [...scene.and, ...two] })).toMatchObject({ accepted: true });
  });
});

describe("a fault of the DNS", () => {
  test.each<[string, Scene, number, string]>([
    ["PTR 10.2.0.192.in-addr.arpa", {}, 450, "4.7.25"],
    ["A okmail.example.com", {}, 450, "4.7.25"],
    ["A 10.2.0.192.dnsbl.okmail.internal", {}, 451, "4.7.1"],
    ["A mail.example.net", { shipment: { helo: "mail.example.net" } }, 450, "4.7.1"],
    ["MX example.org", { shipment: { mailFrom: "ada@example.org" } }, 450, "4.1.8"],
    ["TXT okmail.example.com", {}, 451, "4.4.3"],
    ["TXT example.com", {}, 451, "4.4.3"],
    ["TXT _dmarc.example.com", {}, 451, "4.4.3"],
    ["TXT k1._domainkey.example.com", { without: ["example.com TXT"] }, 451, "4.4.3"],
  ])("(%s) only defers", async (failing, scene, code, status) => {
    expect(await lab.play({ ...scene, failing: [failing] })).toMatchObject({ accepted: false, code, status });
    expect(lab.receiver.attempts.at(-1)).toMatchObject({ outcome: "deferred" });
  });

  it("doesn't matter where the answer isn't needed", async () => {
    const failing = ["TXT k1._domainkey.example.com", "AAAA okmail.example.com", "AAAA example.com"];
    expect(await lab.play({ failing })).toMatchObject({ accepted: true });
  });
});

describe("a quarantine policy", () => {
  it("lets the message in, marked", async () => {
    const lenient = ["_dmarc.example.com TXT v=DMARC1; p=quarantine"];
    const scene = { without: ["_dmarc.example.com TXT", "example.com TXT"], and: lenient };
    expect(await lab.play({ ...scene, signed: false })).toMatchObject({ accepted: true });
    expect(lab.receiver.messages.at(-1)).toMatchObject({ suspicious: true });
    expect(content()).toMatch(/dmarc=fail/);
    await lab.play(scene);
    expect(lab.receiver.messages.at(-1)).toMatchObject({ suspicious: false });
  });
});

describe("Authentication-Results", () => {
  it("in the receiver's own name is taken out of what comes in, another's stays", async () => {
    const forged = [
      "Authentication-Results: MX.inbox.okmail.internal;",
      "\tdmarc=pass header.from=forged.example",
      "Authentication-Results: other.example; spf=pass smtp.mailfrom=kept.example",
      "authentication-results: (note) mx.inbox.okmail.internal; dkim=pass header.d=forged.example",
    ].join("\r\n");
    expect(await lab.play({ message: `${forged}\r\n${MESSAGE}` })).toMatchObject({ accepted: true });
    expect(content()).not.toContain("forged.example");
    expect(content()).toContain("smtp.mailfrom=kept.example");
  });
});
