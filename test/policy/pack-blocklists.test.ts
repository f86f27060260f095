// The policy address-not-listed, asking blocklists over real DNS on loopback.

import type { PolicyResource } from "@pulumi/policy";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { blocklistZone } from "../../local/dns/blocklist.ts";
import { indexZones } from "../../local/dns/zone.ts";
import { mailPolicies } from "../../policy/mail-policies.ts";
import { startFaultyDns, type FaultyDns } from "../helpers/faulty-dns.ts";
import { agreeingStack, declare, postfixUserData, resource, unrelated } from "../helpers/planned-stack.ts";
import { records } from "../local/dns-records.ts";
import { update, validateResource, validateStack, type RunOptions } from "./pack-run.ts";

const listed = "192.0.2.10";
const clear = "192.0.2.20";
const key = "abcdefghij0123456789klmnop";

let dns: FaultyDns;
beforeAll(async () => {
  const zones = indexZones([
    blocklistZone("dnsbl.test", [{ address: listed, reason: "Sends what nobody asked for" }]),
    blocklistZone("psbl.surriel.com", [{ address: listed, reason: "Trapped" }]),
    blocklistZone("silent.test", []),
    { origin: "wild.test", records: records("*.wild.test A 127.0.0.2") },
    blocklistZone(`${key}.zen.dq.spamhaus.net`, [{ address: listed, reason: "See check.spamhaus.org" }]),
  ]);
  dns = await startFaultyDns(zones, { "silent.test": "silence" });
});
afterAll(() => dns.close());

beforeEach(() => dns.queries.splice(0));
afterEach(() => {
  delete process.env.OKMAIL_SPAMHAUS_DQS_KEY;
});

function asking(blocklists: readonly string[], more: object = {}): RunOptions {
  const settings = { blocklists, nameServers: [dns.server], timeLimit: 300, ...more };
  return { config: { "address-not-listed": settings } };
}

/** The engine shows each resource before it shows the stack. */
async function preview(stack: readonly PolicyResource[], options: RunOptions) {
  const pack = mailPolicies({ updating: false });
  for (const each of stack) expect([...(await validateResource(pack, each, options))]).toEqual([]);
  return validateStack(pack, stack, options);
}

describe("a stack whose address is on a blocklist", () => {
  const stack = agreeingStack({ addresses: [listed] });

  it("is refused, with what the list says and how to get off it", async () => {
    const [violation, ...more] = (await preview(stack, asking(["dnsbl.test"]))).filter(({ message }) =>
      message.includes("dnsbl.test"),
    );
    expect(more).toEqual([]);
    expect(violation?.policy).toBe("address-not-listed");
    expect(violation?.message).toBe(
      `host okmail (okmail.example.com, ${listed}): ${listed} is listed at dnsbl.test (127.0.0.2; it says ` +
        `"Sends what nobody asked for"). Ask the operators of dnsbl.test to remove ${listed}. Usual time: not known. ` +
        "Or send from another address. [https://www.rfc-editor.org/rfc/rfc5782, RFC 5782 2.1]",
    );
  });

  it.each<[string, string[], string]>([
    ["that few heed gets a remark", ["psbl"], "remarks"],
    ["that does not answer is not judged completely", ["silent.test"], "judged-completely"],
    ["that lists everybody is not judged completely", ["wild.test"], "judged-completely"],
  ])("%s", async (_, blocklists, policy) => {
    const found = await preview(stack, asking(blocklists));
    expect(
      found.filter(({ message }) => message.includes(" listed")).map((violation) => violation.policy),
    ).toEqual([policy]);
  });

  it.each<[string, RunOptions]>([
    ["no list is named", {}],
    [
      "asking is switched off",
      { config: { "address-not-listed": { blocklists: ["dnsbl.test"], ask: false } } },
    ],
    ["the policy is disabled", { disabled: ["address-not-listed"] }],
  ])("passes where %s, and nothing is asked", async (_, options) => {
    const settings = { ...asking(["dnsbl.test"]), ...options };
    const found = await preview(stack, "config" in options || "disabled" in options ? settings : {});
    expect(found.filter(({ message }) => message.includes(" listed"))).toEqual([]);
    expect(dns.queries).toEqual([]);
  });

  it("asks the standard lists where asking is all that is said", async () => {
    await preview(stack, asking([], { ask: true, timeLimit: 300 }));
    expect(dns.queries).toContain("10.2.0.192.zen.spamhaus.org");
    expect(dns.queries).toContain("1.0.0.127.bl.spamcop.net");
    expect(dns.queries.some((name) => name.includes("dbl.spamhaus.org"))).toBe(false);
  });

  it("is asked about by a key from the environment, which no violation shows", async () => {
    process.env.OKMAIL_SPAMHAUS_DQS_KEY = key;
    const found = await preview(stack, asking(["zen.spamhaus.org", "silent.test"]));
    expect(dns.queries).toContain(`10.2.0.192.${key}.zen.dq.spamhaus.net`);
    expect(found.map(({ message }) => message).join()).toContain(
      "listed at zen.dq.spamhaus.net (127.0.0.2 SBL",
    );
    expect(JSON.stringify(found)).not.toContain(key);
  });
});

it("a first preview asks nothing about addresses that are not allocated", async () => {
  await preview(agreeingStack(), asking(["dnsbl.test"]));
  expect(dns.queries).toEqual([]);
});

describe("an update", () => {
  const zone = { zoneId: "zone-1", ttl: 300, proxied: false };
  const a = (content: string, name = "mail.example.com") =>
    declare.record(`a-${content}`, { ...zone, name, type: "A", content });
  const host = (props: object = {}) =>
    declare.instance("host", { userData: postfixUserData("mail.example.com"), ...props });
  const run = (resources: readonly PolicyResource[], options: RunOptions) =>
    update(
      mailPolicies({ updating: true }),
      [...unrelated("before"), ...resources, ...unrelated("after")],
      options,
    );

  it("refuses the A record of a mail host, and asks before it is there", async () => {
    expect(await run([host(), a(listed)], asking(["dnsbl.test"]))).toEqual({
      [`a-${listed}`]: ["address-not-listed"],
    });
  });

  it("refuses the host whose A record is there already", async () => {
    expect(await run([a(listed), host()], asking(["dnsbl.test"]))).toEqual({ host: ["address-not-listed"] });
  });

  it("refuses the A record before its host where the settings name it", async () => {
    const options = asking(["dnsbl.test"], { mailNames: ["Mail.Example.com."] });
    expect(await run([a(listed), host()], options)).toEqual({ [`a-${listed}`]: ["address-not-listed"] });
  });

  it("refuses the A record of a SendingAddress, which is a mail host's whatever comes", async () => {
    const parent =
      "urn:pulumi:prod::okmail::okmail:index:MailSender$okmail:index:SendingAddress::mail-okmail";
    const record = a(listed);
    const child = { ...record, opts: { ...record.opts, parent } };
    expect(await run([child], asking(["dnsbl.test"]))).toEqual({ [`a-${listed}`]: ["address-not-listed"] });
  });

  it("refuses the host whose tag names the address", async () => {
    const tagged = host({ tags: { "mail:address": `${clear} ${listed}` } });
    expect(await run([tagged], asking(["dnsbl.test"]))).toEqual({ host: ["address-not-listed"] });
  });

  it.each<[string, PolicyResource[], string[]]>([
    ["an address that is on no list", [host(), a(clear)], ["dnsbl.test"]],
    [
      "a listed address of a host that sends no mail",
      [a(listed, "www.example.com"), host(), a(clear)],
      ["dnsbl.test"],
    ],
    ["a listing that few heed", [host(), a(listed)], ["psbl"]],
    ["a list that says nothing", [host(), a(listed)], ["silent.test", "wild.test"]],
  ])("does not hold up %s", async (_, resources, blocklists) => {
    expect(await run(resources, asking(blocklists))).toEqual({});
  });

  it("asks nothing about a stack without a mail host", async () => {
    await run([a(listed), declare.instance("web", { userData: "#!/bin/sh\n" })], asking(["dnsbl.test"]));
    expect(dns.queries).toEqual([]);
  });

  it("asks each list once, then and at the end", async () => {
    const pack = mailPolicies({ updating: true });
    const stack = agreeingStack({ addresses: [clear] });
    await update(pack, stack, asking(["dnsbl.test"]));
    await validateStack(pack, stack, asking(["dnsbl.test"]));
    // The silent list of an earlier test may still be asked once more.
    expect(dns.queries.filter((name) => !name.endsWith(".silent.test")).toSorted()).toEqual(
      ["1.0.0.127.dnsbl.test", "2.0.0.127.dnsbl.test", "20.2.0.192.dnsbl.test"].toSorted(),
    );
  });
});

it.each([
  ["a list that is dead", { blocklists: ["dnsbl.sorbs.net"] }, /SORBS.*closed on 2024-06-05/],
  ["a list of domains", { blocklists: ["spamhaus-dbl"] }, /"dbl\.spamhaus\.org" lists domains.*take it out/],
  ["a zone with a key", { blocklists: [`${key}.zen.dq.spamhaus.net`] }, /OKMAIL_SPAMHAUS_DQS_KEY/],
])("%s is refused before anything happens", async (_, settings, message) => {
  const pack = mailPolicies({ updating: true });
  const options = { config: { "address-not-listed": settings } };
  await expect(validateResource(pack, resource("pulumi:pulumi:Stack", "stack"), options)).rejects.toThrow(
    message,
  );
  await expect(validateResource(pack, resource("pulumi:pulumi:Stack", "stack"), options)).rejects.not.toThrow(
    key,
  );
});
