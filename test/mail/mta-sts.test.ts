import { describe, expect, test } from "vitest";
import {
  longestMaxAge,
  mtaStsPolicyText,
  mtaStsPolicyUrl,
  mtaStsRecord,
  type MtaStsPolicy,
} from "../../mail/mta-sts.ts";

const policy: MtaStsPolicy = { mode: "enforce", mx: ["okmail.example.com"], maxAge: 604_800 };

describe("the policy", () => {
  test("is lines of key and value, as in RFC 8461 3.2", () => {
    expect(mtaStsPolicyText({ ...policy, mx: ["okmail.example.com", "*.example.net"] })).toBe(
      "version: STSv1\nmode: enforce\nmx: okmail.example.com\nmx: *.example.net\nmax_age: 604800\n",
    );
  });

  test("that is withdrawn names no mail exchanger", () => {
    expect(mtaStsPolicyText({ mode: "none", mx: [], maxAge: 86_400 })).toBe(
      "version: STSv1\nmode: none\nmax_age: 86400\n",
    );
  });

  test.each<[Partial<MtaStsPolicy>, string]>([
    [{ mx: [] }, "an MTA-STS policy of mode enforce needs the names of the mail exchangers"],
    [{ mode: "testing", mx: [] }, "an MTA-STS policy of mode testing needs"],
    [{ mx: ["192.0.2.10"] }, 'the mail exchanger "192.0.2.10" is an address, not a name'],
    [{ mx: ["ok\nmode: none"] }, "the mail exchanger"],
    [{ mx: ["*.*.example.com"] }, "the mail exchanger"],
    [{ maxAge: 0 }, "lives 1 to 31557600 seconds, not 0"],
    [{ maxAge: longestMaxAge + 1 }, "not 31557601"],
    [{ maxAge: 1.5 }, "not 1.5"],
  ])("refuses %j", (change, message) => {
    expect(() => mtaStsPolicyText({ ...policy, ...change })).toThrow(message);
  });

  test("is served below mta-sts of the domain", () => {
    expect(mtaStsPolicyUrl("example.com")).toBe("https://mta-sts.example.com/.well-known/mta-sts.txt");
  });
});

describe("the record", () => {
  test("has the form of RFC 8461 3.1", () => {
    // sts-version, field delimiter, sts-id of 1 to 32 letters and digits, an optional last delimiter.
    expect(mtaStsRecord(policy)).toMatch(/^v=STSv1; id=[A-Za-z0-9]{1,32};$/);
  });

  test("has another id for each other policy, and the same for the same", () => {
    const others: MtaStsPolicy[] = [
      policy,
      { ...policy, mode: "testing" },
      { ...policy, mx: ["mx1.example.com"] },
      { ...policy, maxAge: 86_400 },
    ];
    expect(new Set(others.map(mtaStsRecord)).size).toBe(others.length);
    expect(mtaStsRecord({ ...policy })).toBe(mtaStsRecord(policy));
  });
});
