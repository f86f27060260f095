import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { deliveryRows, renderRows, type DeliveryRow } from "../../local/delivery-table.ts";
import type { Attempt } from "../../local/receiver/attempt.ts";
import type { ClientFacts } from "../../local/receiver/client-facts.ts";
import type { MessageFacts } from "../../local/receiver/message-facts.ts";

const spf = {
  identity: "",
  domain: "example.com",
  record: "v=spf1 ip4:192.0.2.10 -all",
  term: "ip4:192.0.2.10",
};
const facts: ClientFacts = {
  address: "192.0.2.10",
  helo: "okmail.example.com",
  mailFrom: "postmaster@example.com",
  iprev: {
    result: "pass",
    names: [{ name: "okmail.example.com", addresses: ["192.0.2.10"], confirmed: true }],
  },
  blocklists: [{ zone: "dnsbl.example", result: "clear" }],
  heloKind: "qualified",
  heloStatus: "present",
  heloAddresses: ["192.0.2.10"],
  senderDomain: { name: "example.com", exchangers: ["okmail.example.com"], status: "present", nullMx: false },
  spfHelo: { ...spf, result: "pass" },
  spfMailFrom: { ...spf, result: "pass" },
};
const message: MessageFacts = {
  size: 800,
  from: ["postmaster@example.com"],
  dkim: [
    {
      result: "pass",
      domain: "example.com",
      selector: "okmail1",
      algorithm: "rsa-sha256",
      keyBits: 2048,
      info: "",
    },
  ],
  dmarc: { result: "pass", from: "example.com", policy: "reject", aligned: { spf: "example.com" }, info: "" },
};
const good: Attempt = {
  session: "1",
  client: facts,
  recipients: ["postmaster@inbox.example"],
  facts,
  message,
  outcome: "accepted",
  reply: { code: 250, status: "2.0.0", text: "Ok: queued as 1" },
  dialogue: [],
};

const row = (attempt: Attempt, what: string): DeliveryRow | undefined =>
  deliveryRows(attempt).find((each) => each.what === what);

test("a good delivery has a good verdict in every row", () => {
  const rows = deliveryRows(good);
  expect(rows.map(({ what }) => what)).toEqual([
    "address",
    "HELO",
    "A",
    "PTR",
    "MX",
    "SPF",
    "SPF of HELO",
    "DKIM",
    "DMARC",
    "reply",
  ]);
  expect(rows.filter(({ verdict }) => verdict?.good !== true)).toEqual([]);
});

describe("what is wrong shows in its row", () => {
  const client = (changes: Partial<ClientFacts>): Attempt => ({ ...good, facts: { ...facts, ...changes } });
  const content = (changes: Partial<MessageFacts>): Attempt => ({
    ...good,
    message: { ...message, ...changes },
  });
  test.each<[string, Attempt, what: string, verdict: string]>([
    [
      "a listed address",
      client({ blocklists: [{ zone: "dnsbl.example", result: "listed" }] }),
      "address",
      "listed by dnsbl.example",
    ],
    [
      "a silent blocklist",
      client({ blocklists: [{ zone: "dnsbl.example", result: "temperror" }] }),
      "address",
      "no answer from dnsbl.example",
    ],
    ["another HELO name", client({ helo: "other.example.com" }), "HELO", "is not the client's name"],
    ["another A", client({ heloAddresses: ["192.0.2.11"] }), "A", "is not the client's address"],
    ["no PTR", client({ iprev: { result: "permerror", names: [] } }), "PTR", "iprev=permerror"],
    [
      "a null MX",
      client({ senderDomain: { name: "example.com", exchangers: [], status: "present", nullMx: true } }),
      "MX",
      "takes no bounces",
    ],
    [
      "an SPF failure",
      client({ spfMailFrom: { ...spf, term: "-all", result: "fail" } }),
      "SPF",
      "fail by -all",
    ],
    [
      "an SPF failure of the HELO name",
      client({ spfHelo: { ...spf, term: "-all", result: "fail" } }),
      "SPF of HELO",
      "fail by -all",
    ],
    ["no signature", content({ dkim: [{ result: "none", info: "" }] }), "DKIM", "none"],
    [
      "a bad signature",
      content({ dkim: [{ result: "fail", comment: "bad signature", info: "" }] }),
      "DKIM",
      "fail (bad signature)",
    ],
    [
      "no DMARC record",
      content({ dmarc: { result: "none", from: "example.com", aligned: {}, info: "" } }),
      "DMARC",
      "none",
    ],
    [
      "a refusal",
      { ...good, outcome: "refused", reply: { code: 550, status: "5.7.25", text: "no" } },
      "reply",
      "not accepted",
    ],
  ])("%s", (_, attempt, what, verdict) => {
    expect(row(attempt, what)?.verdict).toEqual({ good: false, text: verdict });
  });
});

test("columns are aligned, and a file gets no colours", () => {
  const text = renderRows(deliveryRows(good), new PassThrough());
  const marks = text.split("\n").map((line) => line.indexOf("✓"));
  expect(new Set(marks).size).toBe(1);
  expect(text).not.toContain("\u001b");
});
