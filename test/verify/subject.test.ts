import { describe, expect, test } from "vitest";
import { dkimRecord } from "../../mail/dkim.ts";
import { quoteTxt } from "../../mail/txt.ts";
import { subjectOfOutputs } from "../../verify/subject.ts";
import { publicKey } from "../mail/judge-good-sender.ts";

const hosts = [
  { helo: "okmail.example.com", address: "192.0.2.10", allocationId: "eipalloc-1" },
  { helo: "okmail2.example.com", address: "192.0.2.20" },
];

describe("the outputs of a stack", () => {
  test.each(["rsa", "ed25519"] as const)("give each host with the %s key that it signs with", (type) => {
    const key = publicKey(2048, type);
    const records = [
      { name: "s1._domainkey.Example.com.", type: "TXT", content: quoteTxt(dkimRecord(key)) },
      { name: "okmail.example.com", type: "CAA" },
      { name: "example.com", type: "MX", content: "10 okmail.example.com" },
    ];
    const subject = subjectOfOutputs({ domain: "Example.com", hosts, records, submission: null });
    expect(subject.senders).toEqual(
      hosts.map(({ helo, address }) => ({
        helo,
        addresses: [address],
        mailFrom: "example.com",
        selectors: [{ selector: "s1", publicKey: key }],
        ownAddresses: ["192.0.2.10", "192.0.2.20"],
      })),
    );
    expect(subject.declared).toHaveLength(2);
  });

  test("with a key that can't be read give its selector", () => {
    const records = [{ name: "s1._domainkey.example.com", type: "TXT", content: '"v=DKIM1; p="' }];
    const [sender] = subjectOfOutputs({ domain: "example.com", hosts, records }).senders;
    expect(sender?.selectors).toEqual([{ selector: "s1" }]);
  });

  test.each<[unknown, RegExp]>([
    [null, /they need domain, hosts and records/],
    [{ hosts }, /"domain"/],
    [{ domain: "example.com", hosts: [] }, /"hosts"/],
    [{ domain: "example.com", hosts: [{ helo: "x" }] }, /"hosts\.0\.address"/],
  ])("that are something else are refused: %j", (value, message) => {
    expect(() => subjectOfOutputs(value)).toThrow(message);
  });
});
