import { expect, it, test } from "vitest";
import { cloudflareProvider } from "../../local/cloudflare/provider.ts";
import { openAccount, ZONE } from "./cloudflare-account.ts";

const provider = (zone: { id: string; name: string }) => {
  const account = openAccount();
  try {
    return cloudflareProvider({ store: account.store, zones: [zone] });
  } finally {
    account.close();
  }
};

it("serves DNS records, DNSSEC and the look-up of zones, and not the former Record", () => {
  const { name, version, resources, functions } = provider(ZONE);
  expect({ name, version }).toEqual({ name: "cloudflare", version: "6.22.1" });
  expect(resources.map(({ type }) => type)).toEqual([
    "cloudflare:index/dnsRecord:DnsRecord",
    "cloudflare:index/zoneDnssec:ZoneDnssec",
  ]);
  expect(functions.map(({ token }) => token)).toEqual(["cloudflare:index/getZone:getZone"]);
});

test.each([
  ["a short id", { ...ZONE, id: "0123" }, 'zone id "0123" isn\'t 32 hex digits'],
  [
    "a name with a final dot",
    { ...ZONE, name: "example.com." },
    'zone name "example.com." is no lower-case domain name',
  ],
  ["a name in capitals", { ...ZONE, name: "Example.com" }, "is no lower-case domain name"],
  ["a top-level name", { ...ZONE, name: "com" }, "is no lower-case domain name"],
])("refuses a zone with %s", (_, zone, message) => expect(() => provider(zone)).toThrow(message));
