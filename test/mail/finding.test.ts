import { describe, expect, test } from "vitest";
import { blocks, renderFinding, type Finding } from "../../mail/finding.ts";
import { SymbolTable } from "../../mail/symbol.ts";

const finding: Finding = {
  rule: "ptr-matches-helo",
  outcome: "disagrees",
  severity: "mandatory",
  subject: { host: "okmail", helo: "okmail.example.com", address: "192.0.2.10" },
  message: "192.0.2.10 has no PTR record.",
  expected: "okmail.example.com",
  found: undefined,
  fix: "Set the reverse name of 192.0.2.10 to okmail.example.com.",
  source: "RFC 8601 3 (iprev), Gmail 550 5.7.25",
};

describe("a finding as text", () => {
  test.each<[string, Partial<Finding>, string]>([
    [
      "names rule, host, HELO, address, what was found, the fix and the source",
      {},
      "ptr-matches-helo: host okmail (okmail.example.com, 192.0.2.10): 192.0.2.10 has no PTR record. Set the reverse name of 192.0.2.10 to okmail.example.com. [RFC 8601 3 (iprev), Gmail 550 5.7.25]",
    ],
    [
      "does without a host and an address",
      {
        subject: { host: undefined, helo: "okmail.example.com", address: undefined },
        message: "Odd.",
        fix: "Mend it.",
      },
      "ptr-matches-helo: okmail.example.com: Odd. Mend it. [RFC 8601 3 (iprev), Gmail 550 5.7.25]",
    ],
    [
      "says that it can't be told",
      {
        outcome: "undetermined",
        message: "mail-okmail-ptr is not known yet.",
        fix: "It is judged as soon as the value is known.",
      },
      "ptr-matches-helo: host okmail (okmail.example.com, 192.0.2.10): Can't be told yet: mail-okmail-ptr is not known yet. It is judged as soon as the value is known. [RFC 8601 3 (iprev), Gmail 550 5.7.25]",
    ],
    [
      "has no fix when it agrees",
      { outcome: "agrees", message: "The PTR record of 192.0.2.10 is okmail.example.com.", fix: undefined },
      "ptr-matches-helo: host okmail (okmail.example.com, 192.0.2.10): The PTR record of 192.0.2.10 is okmail.example.com. [RFC 8601 3 (iprev), Gmail 550 5.7.25]",
    ],
  ])("%s", (_, changes, text) => {
    expect(renderFinding({ ...finding, ...changes })).toBe(text);
  });

  test("names the Elastic IPs of addresses that are not allocated yet", () => {
    const symbols = new SymbolTable();
    const address = symbols.address("mail-okmail-address");
    const symbolic = JSON.parse(JSON.stringify(finding).replaceAll("192.0.2.10", address)) as Finding;
    expect(renderFinding(symbolic, symbols)).toBe(
      "ptr-matches-helo: host okmail (okmail.example.com, the address of Elastic IP mail-okmail-address): the address of Elastic IP mail-okmail-address has no PTR record. Set the reverse name of the address of Elastic IP mail-okmail-address to okmail.example.com. [RFC 8601 3 (iprev), Gmail 550 5.7.25]",
    );
  });
});

test("only a mandatory disagreement blocks", () => {
  const outcomes = ["agrees", "disagrees", "undetermined"] as const;
  const severities = ["mandatory", "advisory"] as const;
  const blocking = outcomes.flatMap((outcome) =>
    severities
      .filter((severity) => blocks({ ...finding, outcome, severity }))
      .map((severity) => [outcome, severity]),
  );
  expect(blocking).toEqual([["disagrees", "mandatory"]]);
});
