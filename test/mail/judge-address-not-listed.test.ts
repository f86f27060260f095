import { expect, test } from "vitest";
import { judge, type Listing } from "../../mail/judge.ts";
import { SymbolTable } from "../../mail/symbol.ts";
import { dnsZone } from "../helpers/dns-zone.ts";
import { goodSender, goodZone, objections } from "./judge-good-sender.ts";

const only = ["address-not-listed"] as const;
const clear: Listing = { zone: "zen.example", outcome: "clear" };
const listed: Listing = { zone: "bl.example", outcome: "listed", detail: "127.0.0.2" };
const silent: Listing = { zone: "dead.example", outcome: "unknown" };

test.each<[string, Listing[], string[]]>([
  ["agrees when every list says no", [clear], []],
  ["objects to a listing", [clear, listed], ["address-not-listed remark"]],
  ["can't tell by a list that does not answer", [clear, silent], ["address-not-listed undetermined"]],
  [
    "tells a listing beside a list that does not answer",
    [silent, listed],
    ["address-not-listed remark", "address-not-listed undetermined"],
  ],
])("%s", async (_, listings, expected) => {
  expect(await objections(goodZone, {}, { only, listings: () => Promise.resolve(listings) })).toEqual(
    expected,
  );
});

test("names the list and its reason", async () => {
  const listings = (): Promise<Listing[]> => Promise.resolve([listed]);
  const [finding] = await judge(goodSender, dnsZone(goodZone), { only, listings });
  expect(finding?.message).toBe("192.0.2.10 is listed at bl.example (127.0.0.2).");
});

test("can't tell when the look-up itself fails", async () => {
  const listings = (): Promise<Listing[]> => Promise.reject(new Error("no route"));
  expect(await objections(goodZone, {}, { only, listings })).toEqual(["address-not-listed undetermined"]);
});

test("asks for each allocated address and never for a symbol", async () => {
  const asked: string[] = [];
  const listings = (address: string): Promise<Listing[]> => {
    asked.push(address);
    return Promise.resolve([clear]);
  };
  const addresses = ["192.0.2.10", new SymbolTable().address("mail-okmail-address"), "192.0.2.20"];
  await judge({ ...goodSender, addresses }, dnsZone(goodZone), { only, listings });
  expect(asked).toEqual(["192.0.2.10", "192.0.2.20"]);
});

test("says nothing where no look-up is allowed", async () => {
  expect(await judge(goodSender, dnsZone(goodZone), { only })).toEqual([]);
});
