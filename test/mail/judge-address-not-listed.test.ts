import { expect, test } from "vitest";
import { judge, type Listing } from "../../mail/judge.ts";
import { SymbolTable } from "../../mail/symbol.ts";
import { dnsZone } from "../helpers/dns-zone.ts";
import { goodSender, goodZone, objections } from "./judge-good-sender.ts";

const only = ["address-not-listed"] as const;
const clear: Listing = { zone: "zen.example", outcome: "clear" };
const listed: Listing = { zone: "bl.example", outcome: "listed", detail: "127.0.0.2" };
const minor: Listing = { zone: "minor.example", outcome: "listed", severity: "advisory" };
const silent: Listing = { zone: "dead.example", outcome: "unknown" };

test.each<[string, Listing[], string[]]>([
  ["agrees when every list says no", [clear], []],
  ["objects to a listing", [clear, listed], ["address-not-listed disagrees"]],
  ["remarks on a listing that few heed", [clear, minor], ["address-not-listed remark"]],
  ["can't tell by a list that does not answer", [clear, silent], ["address-not-listed undetermined"]],
  [
    "tells a listing beside a list that does not answer",
    [silent, listed],
    ["address-not-listed disagrees", "address-not-listed undetermined"],
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

test("says how to get off the list, and who says so", async () => {
  const told: Listing = { ...listed, fix: "Fill in the form.", source: "https://bl.example/" };
  const [finding] = await judge(goodSender, dnsZone(goodZone), {
    only,
    listings: () => Promise.resolve([told]),
  });
  expect(finding).toMatchObject({
    severity: "mandatory",
    fix: "Fill in the form.",
    source: "https://bl.example/",
  });
});

test("names lists that are silent for the same reason together", async () => {
  const late = (zone: string): Listing => ({ zone, outcome: "unknown", detail: "the look-up timed out" });
  const refused: Listing = { zone: "c.example", outcome: "unknown", detail: "it refused", fix: "Get a key." };
  const listings = (): Promise<Listing[]> => Promise.resolve([late("a.example"), refused, late("b.example")]);
  const findings = await judge(goodSender, dnsZone(goodZone), { only, listings });
  expect(findings.map(({ message }) => message)).toEqual([
    "a.example and b.example did not say whether 192.0.2.10 is listed: the look-up timed out.",
    "c.example did not say whether 192.0.2.10 is listed: it refused.",
  ]);
  expect(findings[1]?.fix).toBe("Get a key.");
});

test("is about the lists that it speaks of, so that one listing is told from another", async () => {
  const late = (zone: string): Listing => ({ zone, outcome: "unknown", detail: "the look-up timed out" });
  const listings = (): Promise<Listing[]> =>
    Promise.resolve([listed, minor, late("a.example"), late("b.example")]);
  const findings = await judge(goodSender, dnsZone(goodZone), { only, listings });
  expect(findings.map(({ subject }) => subject.about)).toEqual([
    ["bl.example"],
    ["minor.example"],
    ["a.example", "b.example"],
  ]);
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
