import { describe, expect, it } from "vitest";
import { DnsOnly } from "../../policy/dns-only.ts";
import { declare, postfixUserData, unknown } from "../helpers/planned-stack.ts";

const record = (name: string, proxied: boolean) =>
  declare.record("record", { zoneId: "zone-1", name, type: "A", content: unknown, proxied });
const host = declare.instance("host", { userData: postfixUserData("mail.example.com") });
const mx = declare.record("mx", {
  zoneId: "zone-1",
  name: "example.com",
  type: "MX",
  content: "mx.example.com",
});
const ptr = declare.domainName("ptr", { allocationId: unknown, domainName: "out.example.com" });

describe("the remediation of mail-name-not-proxied", () => {
  it.each([
    ["the HELO name of a host before it", host, "mail.example.com", []],
    ["a mail exchanger", mx, "mx.example.com", []],
    ["a reverse name", ptr, "out.example.com", []],
    ["a name that is listed", undefined, "Listed.example.com.", ["listed.example.com"]],
  ])("turns %s to DNS only, and touches no value that isn't known", (_, before, name, mailNames) => {
    const dnsOnly = new DnsOnly();
    if (before !== undefined) expect(dnsOnly.remediate(before, {})).toBeUndefined();
    const { props } = record(name, true);
    expect(dnsOnly.remediate({ ...record(name, true), props }, { mailNames })).toBe(props);
    expect(props.proxied).toBe(false);
  });

  it.each([
    ["another name", "www.example.com", true],
    ["a mail name that is DNS only", "mail.example.com", false],
  ])("leaves %s alone", (_, name, proxied) => {
    const dnsOnly = new DnsOnly();
    dnsOnly.remediate(host, {});
    expect(dnsOnly.remediate(record(name, proxied), {})).toBeUndefined();
  });
});
