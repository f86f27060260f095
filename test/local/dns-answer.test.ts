import { describe, expect, it, test } from "vitest";
import { answer, RCODES, type Answer } from "../../local/dns/answer.ts";
import { TYPE_NUMBERS, type ResourceRecord } from "../../local/dns/record.ts";
import { indexZones, type ZoneSource } from "../../local/dns/zone.ts";
import { records } from "./dns-records.ts";

const EXAMPLE: ZoneSource = {
  origin: "example.com",
  records: records(
    "example.com MX 10 mail.example.com",
    "example.com TXT v=spf1 ip4:192.0.2.10 -all",
    "mail.example.com A 192.0.2.10",
    "mail.example.com A 192.0.2.11",
    "www.example.com CNAME mail.example.com",
    "far.example.com CNAME host.example.net",
    "lost.example.com CNAME nowhere.example.com",
    "outside.example.com CNAME host.example.org",
    "one.example.com CNAME two.example.com",
    "two.example.com CNAME one.example.com",
    "self.example.com CNAME self.example.com",
    "_dmarc.deep.example.com TXT v=DMARC1; p=none",
    "*.wild.example.com A 192.0.2.20",
    "*.wild.example.com TXT wild",
    "known.wild.example.com TXT known",
    "under.empty.wild.example.com A 192.0.2.21",
    "*.alias.example.com CNAME mail.example.com",
    "branch.example.com NS ns.example.net",
  ),
};

const ZONES = indexZones([
  EXAMPLE,
  { origin: "example.net", records: records("host.example.net A 198.51.100.7") },
  { origin: "sub.example.net", records: records("a.sub.example.net A 198.51.100.8") },
]);

function ask(name: string, type: keyof typeof TYPE_NUMBERS | number): Answer {
  const number = typeof type === "number" ? type : TYPE_NUMBERS[type];
  return answer(ZONES, { name, type: number, class: 1 });
}

function line(record: ResourceRecord): string {
  const data =
    record.type === "TXT" ? record.data.join("|") : typeof record.data === "string" ? record.data : "";
  return `${record.name} ${record.type} ${data}`.trim();
}

describe("a name with the type asked for", () => {
  it("is answered with all records of the type", () => {
    const reply = ask("mail.example.com", "A");
    expect(reply).toMatchObject({ rcode: RCODES.NOERROR, authoritative: true, authorities: [] });
    expect(reply.answers.map(line)).toEqual([
      "mail.example.com A 192.0.2.10",
      "mail.example.com A 192.0.2.11",
    ]);
  });

  it("is answered by the zone with the longest origin", () =>
    expect(ask("a.sub.example.net", "A").answers.map(line)).toEqual(["a.sub.example.net A 198.51.100.8"]));

  it("has a start of authority and a name server at the apex of each zone", () => {
    for (const origin of ["", "example.com", "sub.example.net"]) {
      expect(ask(origin, "SOA").answers.map((record) => record.name)).toEqual([origin]);
      expect(ask(origin, "NS").answers.map(line)).toEqual([`${origin} NS ns.okmail.internal`.trim()]);
    }
  });

  it("gives all records of a set the lowest time to live", () => {
    const two = records("x.example.org A 192.0.2.1", "x.example.org A 192.0.2.2");
    const sinking = two.map((record, index) => ({ ...record, ttl: 60 - index }));
    const zones = indexZones([{ origin: "example.org", records: sinking }]);
    const reply = answer(zones, { name: "x.example.org", type: 1, class: 1 });
    expect(reply.answers.map((record) => record.ttl)).toEqual([59, 59]);
  });

  it("holds a record once however often it is declared", () => {
    const twice = records("x.example.org A 192.0.2.1", "x.example.org A 192.0.2.1");
    const zones = indexZones([{ origin: "example.org", records: twice }]);
    expect(answer(zones, { name: "x.example.org", type: 1, class: 1 }).answers).toHaveLength(1);
  });
});

describe("a negative answer", () => {
  test.each([
    ["nowhere.example.com", "A", RCODES.NXDOMAIN, "example.com"],
    ["below.mail.example.com", "A", RCODES.NXDOMAIN, "example.com"],
    ["unknown.org", "MX", RCODES.NXDOMAIN, ""],
    ["mail.example.com", "AAAA", RCODES.NOERROR, "example.com"],
    // An empty non-terminal exists, and so does what lies above a zone.
    ["deep.example.com", "TXT", RCODES.NOERROR, "example.com"],
    ["com", "TXT", RCODES.NOERROR, ""],
    ["net", "TXT", RCODES.NOERROR, ""],
    ["_dmarc.com", "TXT", RCODES.NXDOMAIN, ""],
  ] as const)("for %s %s has code %i and the start of authority of %j", (name, type, rcode, origin) => {
    const reply = ask(name, type);
    expect(reply).toMatchObject({ rcode, authoritative: true, answers: [] });
    expect(reply.authorities).toMatchObject([{ type: "SOA", name: origin, ttl: 1800 }]);
  });

  it("is no data for a type that nobody holds", () =>
    expect(ask("mail.example.com", 65_534)).toMatchObject({ rcode: RCODES.NOERROR, answers: [] }));
});

describe("an alias", () => {
  test.each([
    [
      "www.example.com",
      [
        "www.example.com CNAME mail.example.com",
        "mail.example.com A 192.0.2.10",
        "mail.example.com A 192.0.2.11",
      ],
    ],
    ["far.example.com", ["far.example.com CNAME host.example.net", "host.example.net A 198.51.100.7"]],
  ])("%s is followed, into other zones too", (name, lines) => {
    const reply = ask(name, "A");
    expect(reply.rcode).toBe(RCODES.NOERROR);
    expect(reply.answers.map(line)).toEqual(lines);
  });

  test.each([
    ["lost.example.com", "A", RCODES.NXDOMAIN, "example.com"],
    ["outside.example.com", "A", RCODES.NXDOMAIN, ""],
    ["www.example.com", "MX", RCODES.NOERROR, "example.com"],
  ] as const)("%s %s ends in a negative answer about its target", (name, type, rcode, origin) => {
    const reply = ask(name, type);
    expect(reply.rcode).toBe(rcode);
    expect(reply.answers).toMatchObject([{ name, type: "CNAME" }]);
    expect(reply.authorities).toMatchObject([{ type: "SOA", name: origin }]);
  });

  it("is not followed when it is itself asked for", () =>
    expect(ask("www.example.com", "CNAME").answers.map(line)).toEqual([
      "www.example.com CNAME mail.example.com",
    ]));

  test.each(["one.example.com", "self.example.com"])("%s, a loop, is a server failure", (name) =>
    expect(ask(name, "A")).toMatchObject({ rcode: RCODES.SERVFAIL, answers: [] }),
  );
});

describe("a wildcard", () => {
  test.each([
    ["any.wild.example.com", "A", ["any.wild.example.com A 192.0.2.20"]],
    ["a.b.wild.example.com", "A", ["a.b.wild.example.com A 192.0.2.20"]],
    ["*.wild.example.com", "A", ["*.wild.example.com A 192.0.2.20"]],
    [
      "x.alias.example.com",
      "A",
      [
        "x.alias.example.com CNAME mail.example.com",
        "mail.example.com A 192.0.2.10",
        "mail.example.com A 192.0.2.11",
      ],
    ],
  ] as const)("answers for %s %s", (name, type, lines) => {
    expect(ask(name, type)).toMatchObject({ rcode: RCODES.NOERROR });
    expect(ask(name, type).answers.map(line)).toEqual(lines);
  });

  // The cases of RFC 4592 section 2.2.1.
  test.each([
    ["the name above it exists", "wild.example.com", "A", RCODES.NOERROR],
    ["the name exists", "known.wild.example.com", "A", RCODES.NOERROR],
    ["the name exists as an empty non-terminal", "empty.wild.example.com", "A", RCODES.NOERROR],
    ["the closest encloser is another", "x.empty.wild.example.com", "A", RCODES.NXDOMAIN],
    ["the closest encloser is the name above", "x.known.wild.example.com", "A", RCODES.NXDOMAIN],
    ["it has no record of the type", "any.wild.example.com", "MX", RCODES.NOERROR],
  ] as const)("gives no record where %s: %s %s (code %i)", (_, name, type, rcode) =>
    expect(ask(name, type)).toMatchObject({ rcode, answers: [] }),
  );
});

describe("a delegation below the apex", () => {
  test.each(["branch.example.com", "x.branch.example.com"])("is a referral for %s", (name) => {
    const reply = ask(name, "A");
    expect(reply).toMatchObject({ rcode: RCODES.NOERROR, authoritative: false, answers: [] });
    expect(reply.authorities.map(line)).toEqual(["branch.example.com NS ns.example.net"]);
  });
});

describe("ANY (RFC 8482)", () => {
  it("is HINFO where the name has records", () =>
    expect(ask("mail.example.com", 255).answers).toMatchObject([
      { name: "mail.example.com", type: "HINFO", data: { cpu: "RFC8482", os: "" } },
    ]));

  it("is the alias where there is one", () =>
    expect(ask("www.example.com", 255).answers.map(line)).toEqual([
      "www.example.com CNAME mail.example.com",
    ]));

  it("is negative where nothing is", () => {
    expect(ask("nowhere.example.com", 255).rcode).toBe(RCODES.NXDOMAIN);
    expect(ask("deep.example.com", 255)).toMatchObject({ rcode: RCODES.NOERROR, answers: [] });
  });
});

test.each([
  ["class CH", { type: 16, class: 3 }, RCODES.REFUSED],
  ["class ANY", { type: 1, class: 255 }, RCODES.REFUSED],
  ["AXFR", { type: 252, class: 1 }, RCODES.REFUSED],
  ["IXFR", { type: 251, class: 1 }, RCODES.REFUSED],
  ["MAILB", { type: 253, class: 1 }, RCODES.NOTIMP],
  ["OPT as a question", { type: 41, class: 1 }, RCODES.FORMERR],
])("%s is turned down", (_, question, rcode) =>
  expect(answer(ZONES, { name: "mail.example.com", ...question })).toMatchObject({ rcode, answers: [] }),
);

describe("indexZones", () => {
  test.each([
    [[{ origin: "example.com", records: records("example.net A 192.0.2.1") }], /outside the zone/],
    [[{ origin: "example.com", records: records("notexample.com A 192.0.2.1") }], /outside the zone/],
    [[{ origin: "example.com", records: records(`${"x".repeat(64)}.example.com A 192.0.2.1`) }], /63 octets/],
    [[EXAMPLE, { origin: "example.com", records: [] }], /two zones "example.com"/],
  ])("refuses what can't be served: case %#", (sources, message) =>
    expect(() => indexZones(sources)).toThrow(message),
  );
});
