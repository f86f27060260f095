import { describe, expect, test } from "vitest";
import type { ResourceRecord } from "../../../local/dns/record.ts";
import { indexZones, type ZoneSource } from "../../../local/dns/zone.ts";
import { zoneChanges } from "../../../local/lab/dns-changes.ts";
import { presentData, presentName } from "../../../local/lab/dns-presentation.ts";
import { zoneContents } from "../../../local/lab/dns-zone-content.ts";
import { withRecords } from "../../../local/lab/dns.ts";

function a(name: string, data: string, ttl = 60): ResourceRecord {
  return { name, type: "A", ttl, data };
}

function contents(...sources: ZoneSource[]) {
  return zoneContents(indexZones(sources));
}

/** The commands for a change of example.com's records. */
function commands(before: readonly ResourceRecord[], after: readonly ResourceRecord[]): readonly string[] {
  const origin = "example.com";
  const present = contents({ origin, records: before });
  return zoneChanges(present, contents({ origin, records: after })).flatMap((change) => change.commands);
}

describe("what a name server is to hold", () => {
  test("delegates each zone in the one above it, so that names between them exist", () => {
    const held = contents({ origin: "example.com", records: [] }, { origin: "sub.example.com", records: [] });

    expect([...(held.get(".")?.keys() ?? [])]).toEqual([". SOA", ". NS", "example.com. NS"]);
    expect(held.get("example.com.")?.get("sub.example.com. NS")?.data).toEqual(["ns.okmail.internal."]);
  });

  test("leaves out of a zone what lies in a zone below it", () => {
    const held = contents(
      {
        origin: "example.com",
        records: [a("sub.example.com", "192.0.2.1"), a("x.sub.example.com", "192.0.2.2")],
      },
      { origin: "sub.example.com", records: [a("sub.example.com", "192.0.2.3")] },
    );

    expect([...(held.get("example.com.")?.keys() ?? [])]).toEqual([
      "example.com. SOA",
      "example.com. NS",
      "sub.example.com. NS",
    ]);
    expect(held.get("sub.example.com.")?.get("sub.example.com. A")?.data).toEqual(["192.0.2.3"]);
  });

  test("gives the records of a set one time to live, the shortest", () => {
    const records = [a("example.com", "192.0.2.1", 300), a("example.com", "192.0.2.2", 60)];
    const held = contents({ origin: "example.com", records });

    expect(held.get("example.com.")?.get("example.com. A")).toMatchObject({
      ttl: 60,
      data: ["192.0.2.1", "192.0.2.2"],
    });
  });
});

describe("the commands for a change", () => {
  test("are none where nothing changes, whatever the order of the records", () => {
    const [one, two] = [a("example.com", "192.0.2.1"), a("example.com", "192.0.2.2")];

    expect(commands([one, two], [two, one])).toEqual([]);
  });

  test("take out what goes before anything comes in", () => {
    const alias: ResourceRecord = { name: "www.example.com", type: "CNAME", ttl: 60, data: "example.com" };

    expect(commands([alias], [a("www.example.com", "192.0.2.1")])).toEqual([
      "zone-begin example.com.",
      "zone-unset example.com. www.example.com. CNAME",
      'zone-set example.com. www.example.com. 60 A "192.0.2.1"',
    ]);
  });

  test("replace a set as a whole", () => {
    expect(
      commands(
        [a("example.com", "192.0.2.1")],
        [a("example.com", "192.0.2.1"), a("example.com", "192.0.2.2")],
      ),
    ).toEqual([
      "zone-begin example.com.",
      "zone-unset example.com. example.com. A",
      'zone-set example.com. example.com. 60 A "192.0.2.1"',
      'zone-set example.com. example.com. 60 A "192.0.2.2"',
    ]);
  });

  test("say which zone is new, and leave the start of authority of others alone", () => {
    const sources = [{ origin: "example.com", records: [] }];
    const changes = zoneChanges(zoneContents(indexZones(sources, 1)), zoneContents(indexZones(sources, 2)));
    const fresh = zoneChanges(new Map(), zoneContents(indexZones(sources, 1)));

    expect(changes).toEqual([]);
    expect(fresh.map(({ zone, isNew }) => ({ zone, isNew }))).toEqual([
      { zone: "example.com.", isNew: true },
      { zone: ".", isNew: true },
    ]);
    expect(fresh[0]?.commands).toContainEqual(
      expect.stringMatching(/^zone-set example\.com\. example\.com\. 3600 SOA /),
    );
  });
});

describe("records in presentation form", () => {
  test.each<{ what: string; record: ResourceRecord; text: string }>([
    {
      what: "the root as a name",
      record: { name: "x", type: "MX", ttl: 1, data: { preference: 0, exchange: "" } },
      text: "0 .",
    },
    {
      what: "quotes, backslashes and octets that aren't printable",
      record: { name: "x", type: "TXT", ttl: 1, data: [Buffer.from('v="a\\b"'), Buffer.from([0xff, 0x3b])] },
      text: '"v=\\034a\\092b\\034" "\\255;"',
    },
    {
      what: "a digest as one word",
      record: {
        name: "x",
        type: "TLSA",
        ttl: 1,
        data: { usage: 3, selector: 1, matchingType: 1, certificate: Buffer.from("00abff", "hex") },
      },
      text: "3 1 1 00abff",
    },
    {
      what: "an escaped dot within a label",
      record: { name: "x", type: "PTR", ttl: 1, data: "a\\046b.example" },
      text: "a\\046b.example.",
    },
  ])("have $what", ({ record, text }) => expect(presentData(record)).toBe(text));

  test("escape what zone files read otherwise", () => expect(presentName('a"b;c.@')).toBe('a\\"b\\;c.\\@.'));
});

describe("records of the lab's own", () => {
  test("are added to the nearest zone above them", () => {
    const zones = [
      { origin: "com", records: [] },
      { origin: "amazonaws.com", records: [a("x.amazonaws.com", "192.0.2.1")] },
    ];
    const record = a("ssm.eu-central-1.amazonaws.com", "203.0.113.16");

    expect(withRecords(zones, [record])).toEqual([
      zones[0],
      { ...zones[1], records: [a("x.amazonaws.com", "192.0.2.1"), record] },
    ]);
  });

  test("are refused where no zone holds them", () => {
    expect(() => withRecords([{ origin: "com", records: [] }], [a("x.org", "192.0.2.1")])).toThrow(
      "no zone of the lab holds x.org",
    );
  });
});
