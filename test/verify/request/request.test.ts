import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { dkimRecord } from "../../../mail/dkim.ts";
import { readStackSettings, type StackSettings } from "../../../verify/request/stack-settings.ts";
import { emailRequest, type RequestOptions } from "../../../verify/request/request.ts";
import { requestText } from "../../../verify/request/request-text.ts";
import { subjectOfOutputs } from "../../../verify/subject.ts";
import { dnsZone, type Zone } from "../../helpers/dns-zone.ts";
import { publicKey } from "../../mail/judge-good-sender.ts";

const key = dkimRecord(publicKey());
const subject = subjectOfOutputs({
  domain: "example.com",
  hosts: [
    { helo: "okmail.example.com", address: "192.0.2.10" },
    { helo: "okmail2.example.com", address: "192.0.2.11" },
  ],
  records: [
    { name: "s1._domainkey.example.com", type: "TXT", content: `"${key.slice(0, 200)}" "${key.slice(200)}"` },
  ],
});
const spf = "v=spf1 ip4:192.0.2.10 ip4:192.0.2.11 -all";
const published: Zone = {
  "example.com": { TXT: [spf] },
  "okmail.example.com": { A: ["192.0.2.10"] },
  "okmail2.example.com": { A: ["192.0.2.11"] },
  "10.2.0.192.in-addr.arpa": { PTR: ["OKmail.example.com."] },
  "11.2.0.192.in-addr.arpa": { PTR: ["ec2-192-0-2-11.eu-central-1.compute.amazonaws.com"] },
  "s1._domainkey.example.com": { TXT: [[key.slice(0, 200), key.slice(200)]] },
  "_dmarc.example.com": { TXT: ["v=DMARC1; p=reject"] },
};
const settings: StackSettings = {
  region: "eu-central-1",
  submission: { users: ["app", "shop"], messagesPerHour: 500 },
  receivesMail: true,
  bounceAddress: "ops@example.net",
};
const complete = {
  settings,
  account: "123456789012",
  email: "ops@example.com",
  useCase: "Receipts to our customers",
};

const requestOf = (zone: Zone = published, options: Partial<RequestOptions> = complete) =>
  emailRequest(subject, { resolver: dnsZone(zone), ...options });

describe("the request", () => {
  test("says what the stack is and what is published, and misses nothing", async () => {
    const request = await requestOf();
    expect(request.missing).toEqual([]);
    expect(request).toMatchObject({
      region: "eu-central-1",
      account: "123456789012",
      email: "ops@example.com",
    });
    expect(request.useCase).toEqual([
      "We run the mail servers of example.com on EC2: okmail.example.com, okmail2.example.com. They send: Receipts to our customers.",
      "Please open outbound port 25 for them: they deliver to the recipients' mail exchangers themselves.",
      "How we keep unwanted mail from being sent:",
      "- Mail is taken from 2 applications of ours only, each with a password of its own, over TLS (ports 465 and 587); the " +
        "servers relay for nobody else. The sender must be an address of example.com.",
      "- Each is limited to 500 messages an hour, so all together to 1000.",
      "- Bounces and complaints (postmaster@example.com and abuse@example.com) come to the servers themselves, which forward " +
        "them to ops@example.net.",
      `- SPF of example.com, published: ${spf}`,
      "- DKIM, published: s1._domainkey.example.com (RSA, 2048 bits)",
      "- DMARC of example.com, published: v=DMARC1; p=reject",
      "- Each server sends from its own Elastic IP only, over IPv4. The address's reverse name, the server's HELO name and " +
        "that name's A record are one.",
    ]);
    expect(request.addresses).toEqual([
      { address: "192.0.2.10", reverseDns: "okmail.example.com", presentReverseDns: ["okmail.example.com"] },
      {
        address: "192.0.2.11",
        reverseDns: "okmail2.example.com",
        presentReverseDns: ["ec2-192-0-2-11.eu-central-1.compute.amazonaws.com"],
      },
    ]);
  });

  test.each<[string, Zone, string, string]>([
    [
      "an A record",
      { "okmail2.example.com": {} },
      "the A record of okmail2.example.com with 192.0.2.11",
      "deploy first: AWS sets a reverse name only to a name whose A record holds the address",
    ],
    [
      "the right A record",
      { "okmail.example.com": { A: ["192.0.2.99"] } },
      "the A record of okmail.example.com with 192.0.2.10 (now 192.0.2.99)",
      "deploy first: AWS sets a reverse name only to a name whose A record holds the address",
    ],
    [
      "an answer about it",
      { "okmail.example.com": { A: "ESERVFAIL" } },
      "whether okmail.example.com has the A record 192.0.2.10",
      "the DNS look-up of okmail.example.com A",
    ],
    ["an SPF record", { "example.com": {} }, "an SPF record of example.com that permits each address", ""],
    [
      "an SPF record for the second host",
      { "example.com": { TXT: ["v=spf1 ip4:192.0.2.10 -all"] } },
      "an SPF record of example.com that permits each address",
      "publish it: okmail zone writes it",
    ],
    [
      "a DKIM key",
      { "s1._domainkey.example.com": {} },
      "the DKIM key s1._domainkey.example.com",
      "deploy, or publish it",
    ],
    [
      "a DKIM key that is one",
      { "s1._domainkey.example.com": { TXT: ["v=DKIM1; p=x"] } },
      "a good DKIM key s1._domainkey.example.com",
      "the record",
    ],
    ["a DMARC record", { "_dmarc.example.com": {} }, "a DMARC record of example.com", "publish it"],
  ])("misses %s, and says how to supply it", async (_, change, what, how) => {
    const request = await requestOf({ ...published, ...change });
    expect(request.missing).toEqual([{ what, how: expect.stringContaining(how) as string }]);
    expect(requestText(request)).toContain(`- ${what}: `);
  });

  test("misses each value that nobody has given, in a fixed order, and leaves a place for it", async () => {
    const described = { ...subject, senders: subject.senders.map((one) => ({ ...one, selectors: [] })) };
    const request = await emailRequest(described, { resolver: dnsZone(published) });
    expect(request.missing.map(({ how }) => how.split(" ")[0])).toEqual([
      "--email",
      "--region",
      "--use-case",
      "--measure",
      "--selector",
    ]);
    const text = requestText(request);
    for (const { what } of request.missing.slice(2))
      expect(request.useCase.join("\n")).toContain(`[${what}]`);
    expect(text).toContain("## Still missing");
    expect(text).toContain("one request for each Region: [the Region].");
    // Nothing is claimed that isn't known.
    expect(text).not.toMatch(/password|relay|over IPv4/);
  });

  test("takes further measures, and those alone where no configuration is known", async () => {
    const request = await requestOf(published, {
      ...complete,
      settings: undefined,
      region: "eu-west-1",
      measures: ["Every recipient has confirmed"],
    });
    expect([request.missing, request.useCase[3]]).toEqual([[], "- Every recipient has confirmed."]);
  });

  test.each<[string, Partial<StackSettings>, string]>([
    ["no submission", { submission: undefined }, "- Nobody can hand in mail over the network"],
    [
      "one application",
      { submission: { users: ["a"], messagesPerHour: 7 } },
      "limited to 7 messages an hour, so all together to 7.",
    ],
    ["mailboxes elsewhere", { receivesMail: false }, "come to the domain's own mailboxes"],
    ["a mailbox on the host", { bounceAddress: undefined }, "which keep them in a mailbox."],
  ])("tells of %s as it is", async (_, change, text) => {
    const { useCase } = await requestOf(published, { ...complete, settings: { ...settings, ...change } });
    expect(useCase.join("\n")).toContain(text);
  });

  test("is a text whose table says what is set and what is to be set", async () => {
    const zone = { ...published, "10.2.0.192.in-addr.arpa": "ESERVFAIL" as const };
    const lines = requestText(await requestOf()).split("\n");
    expect(lines[0]).toBe("# Request to remove email sending limitations");
    expect(lines).toContain(
      "Fill in <https://console.aws.amazon.com/support/contacts#/rdns-limits>, signed in to account 123456789012. " +
        "There is one request for each Region: eu-central-1.",
    );
    expect(lines).toContain("| 192.0.2.10 | okmail.example.com  | set |");
    expect(lines).toContain(
      "| 192.0.2.11 | okmail2.example.com | ec2-192-0-2-11.eu-central-1.compute.amazonaws.com: please change it |",
    );
    expect(requestText(await requestOf(zone))).toContain("| could not be looked up |");
    expect(requestText(await requestOf({ ...published, "10.2.0.192.in-addr.arpa": {} }))).toContain(
      "| none: please set it |",
    );
  });

  test("shows what strangers publish without what moves a cursor", async () => {
    const text = requestText(
      await requestOf({ ...published, "_dmarc.example.com": { TXT: ["v=DMARC1; p=none; x=\u001b[2J"] } }),
    );
    expect(text).toContain("\\u001b[2J");
    expect(text).not.toContain("\u001b");
  });
});

describe("a stack's settings", () => {
  const read = async (text: string) => {
    const folder = mkdtempSync(path.join(tmpdir(), "okmail-request-"));
    try {
      const file = path.join(folder, "Pulumi.test.yaml");
      writeFileSync(file, text);
      return await readStackSettings(file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const base =
    "config:\n  aws:region: eu-central-1\n  okmail:domain: example.com\n  okmail:zoneId: 023e105f4ecef8ad9ca31a8372d0c353\n";

  test("are those of its configuration, with their defaults", async () => {
    expect(await read(base)).toEqual({
      region: "eu-central-1",
      submission: undefined,
      receivesMail: true,
      bounceAddress: undefined,
    });
    const more = "  okmail:submission: { users: [app] }\n  okmail:mailExchangers: [mx.example.net]\n";
    expect(await read(base + more)).toEqual({
      region: "eu-central-1",
      submission: { users: ["app"], messagesPerHour: 500 },
      receivesMail: false,
      bounceAddress: undefined,
    });
  });

  test.each([
    ["has faults", `${base}  okmail:ttl: often\n`, "okmail:ttl"],
    ["is empty", "", "okmail:domain"],
  ])("are not guessed from a file that %s", (_, text, message) =>
    expect(read(text)).rejects.toThrow(message),
  );

  test("are not guessed where there is no file", () =>
    expect(readStackSettings("/nowhere/Pulumi.test.yaml")).rejects.toThrow(
      "can't be read (ENOENT); --config-file",
    ));
});
