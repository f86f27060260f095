import { expect, test } from "vitest";
import { judge } from "../../mail/judge.ts";
import { UndeterminedError } from "../../mail/resolver.ts";
import { dnsZone } from "../helpers/dns-zone.ts";
import { findingsOf, goodSender, goodZone, objections, zoneAt, zoneWith } from "./judge-good-sender.ts";

const only = ["mail-name-not-proxied"] as const;
const mx = (...names: string[]): { MX: { exchange: string; priority: number }[] } => ({
  MX: names.map((exchange, priority) => ({ exchange, priority })),
});

test("agrees with names that are DNS only", async () => {
  const zone = zoneWith({
    "example.com": mx("okmail.example.com", "mx.example.com"),
    "mx.example.com": { A: ["192.0.2.20"] },
  });
  const findings = await findingsOf("mail-name-not-proxied", zone);
  expect(findings.map(({ outcome }) => outcome)).toEqual(["agrees", "agrees"]);
});

test.each([
  ["a proxied HELO name", zoneAt("okmail.example.com", { A: ["198.51.100.1"], proxied: true })],
  [
    "a HELO name that is an alias of a proxied one",
    zoneWith({
      "okmail.example.com": { CNAME: ["web.example.com"] },
      "web.example.com": { A: ["198.51.100.1"], proxied: true },
    }),
  ],
  [
    "a proxied mail exchanger",
    zoneWith({
      "example.com": mx("MX.example.com."),
      "mx.example.com": { A: ["198.51.100.1"], proxied: true },
    }),
  ],
])("rejects %s", async (_, zone) => {
  expect(await objections(zone, {}, { only })).toEqual(["mail-name-not-proxied disagrees"]);
});

test("names the record to change", async () => {
  const zone = zoneAt("okmail.example.com", { proxied: true });
  expect((await findingsOf("mail-name-not-proxied", zone))[0]?.fix).toBe(
    "Set the record of okmail.example.com to DNS only (proxied: false).",
  );
});

test("says nothing where nobody can know", async () => {
  const { resolve } = dnsZone(zoneAt("okmail.example.com", { proxied: true }));
  expect(await judge(goodSender, { resolve }, { only })).toEqual([]);
});

test("can't tell while it is not known", async () => {
  const { resolve } = dnsZone(goodZone);
  const proxied = (): Promise<boolean> =>
    Promise.reject(new UndeterminedError("proxied of mail-okmail-a is not known"));
  const [finding] = await judge(goodSender, { resolve, proxied }, { only });
  expect(finding).toMatchObject({
    outcome: "undetermined",
    message: "proxied of mail-okmail-a is not known.",
  });
});
