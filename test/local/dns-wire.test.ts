import { decode, encode, type Packet } from "dns-packet";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { respond, type Transport } from "../../local/dns/respond.ts";
import { indexZones } from "../../local/dns/zone.ts";
import { records } from "./dns-records.ts";

const ZONES = indexZones([
  {
    origin: "example.com",
    records: records(
      "example.com MX 10 mail.example.com",
      "mail.example.com A 192.0.2.10",
      "mail.example.com AAAA 2001:db8::10",
      "www.example.com CNAME mail.example.com",
      "split.example.com TXT v=DKIM1; p=|abc|",
      "*.wild.example.com A 192.0.2.20",
      ...Array.from({ length: 30 }, (_, index) => `long.example.com TXT ${index}${"x".repeat(100)}`),
      ...Array.from({ length: 700 }, (_, index) => `endless.example.com TXT ${index}${"x".repeat(200)}`),
    ),
  },
]);

interface Wire extends Packet {
  rcode: string;
  opcode: string;
  flag_aa: boolean;
  flag_tc: boolean;
  flag_rd: boolean;
  flag_ra: boolean;
}

function query(name: string, type = "A", packet: Packet = {}): Buffer {
  return encode({ id: 4711, flags: 0x100, questions: [{ name, type: type as "A" }], ...packet });
}

function opt(udpPayloadSize: number, extra: { flags?: number; ednsVersion?: number } = {}): Packet {
  const plain = { udpPayloadSize, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] };
  return { additionals: [{ type: "OPT", name: ".", ...plain, ...extra }] };
}

function exchange(message: Buffer, transport: Transport = "udp"): Wire {
  const reply = respond(ZONES, message, transport);
  if (reply === undefined) throw new Error("no reply");
  return decode(reply) as unknown as Wire;
}

describe("a reply", () => {
  it("echoes id, question and RD, is authoritative and offers no recursion", () =>
    expect(exchange(query("mail.example.com"))).toMatchObject({
      id: 4711,
      type: "response",
      rcode: "NOERROR",
      flag_aa: true,
      flag_rd: true,
      flag_ra: false,
      flag_tc: false,
      questions: [{ name: "mail.example.com", type: "A", class: "IN" }],
      answers: [{ name: "mail.example.com", type: "A", class: "IN", ttl: 300, data: "192.0.2.10" }],
      additionals: [],
    }));

  it("keeps the case of the asker's letters, in the question and in the owner's name (0x20)", () =>
    expect(exchange(query("mAiL.eXaMpLe.CoM"))).toMatchObject({
      questions: [{ name: "mAiL.eXaMpLe.CoM" }],
      answers: [{ name: "mAiL.eXaMpLe.CoM", data: "192.0.2.10" }],
    }));

  it("carries each type's data", () => {
    expect(exchange(query("example.com", "MX")).answers).toMatchObject([
      { data: { preference: 10, exchange: "mail.example.com" } },
    ]);
    expect(exchange(query("mail.example.com", "AAAA")).answers).toMatchObject([{ data: "2001:db8::10" }]);
    expect(exchange(query("www.example.com")).answers).toMatchObject([
      { name: "www.example.com", type: "CNAME", data: "mail.example.com" },
      { name: "mail.example.com", type: "A", data: "192.0.2.10" },
    ]);
    expect(exchange(query("mail.example.com", "ANY")).answers).toMatchObject([
      { data: { cpu: "RFC8482", os: "" } },
    ]);
    expect(exchange(query("gone.example.com")).authorities).toMatchObject([
      {
        type: "SOA",
        name: "example.com",
        ttl: 1800,
        data: { mname: "ns.okmail.internal", serial: 1, minimum: 1800 },
      },
    ]);
  });

  it("has the character-strings of a TXT record as they are, an empty one too", () =>
    expect(exchange(query("split.example.com", "TXT")).answers).toMatchObject([
      { data: [Buffer.from("v=DKIM1; p="), Buffer.from("abc"), Buffer.alloc(0)] },
    ]));

  it("leaves the data as it was for the next query", () => {
    const message = query("split.example.com", "TXT");
    expect(respond(ZONES, message, "udp")).toEqual(respond(ZONES, message, "udp"));
  });

  it("answers from a wildcard for labels that hold dots and octets beyond ASCII, echoed as they came", () => {
    const label = Buffer.from([3, 0x61, 0x2e, 0xff]);
    const rest = query("wild.example.com").subarray(12);
    const message = Buffer.concat([query("wild.example.com").subarray(0, 12), label, rest]);
    const reply = respond(ZONES, message, "udp");
    expect(reply?.subarray(12, 12 + label.length)).toEqual(label);
    // The owner's name is a pointer to the question.
    expect(reply?.subarray(message.length, message.length + 4)).toEqual(Buffer.from([0xc0, 12, 0, 1]));
    expect(reply?.subarray(-4)).toEqual(Buffer.from([192, 0, 2, 20]));
  });
});

describe("EDNS", () => {
  it("is answered with an OPT record of version 0 that says what we take", () =>
    expect(exchange(query("mail.example.com", "A", opt(4096))).additionals).toMatchObject([
      { type: "OPT", udpPayloadSize: 1232, ednsVersion: 0, extendedRcode: 0, flag_do: false },
    ]));

  it("has DO copied (RFC 3225)", () =>
    expect(exchange(query("mail.example.com", "A", opt(4096, { flags: 0x8000 }))).additionals).toMatchObject([
      { flag_do: true },
    ]));

  it("of another version is BADVERS", () => {
    const reply = exchange(query("mail.example.com", "A", opt(4096, { ednsVersion: 1 })));
    // 16: the lower four bits stand in the header, the upper eight in OPT.
    expect(reply).toMatchObject({ rcode: "NOERROR", answers: [], additionals: [{ extendedRcode: 1 }] });
  });

  test.each([["two OPT records", [opt(512).additionals?.[0], opt(512).additionals?.[0]]]])(
    "with %s is a format error",
    (_, additionals) =>
      expect(exchange(query("mail.example.com", "A", { additionals } as Packet)).rcode).toBe("FORMERR"),
  );
});

describe("an answer that doesn't fit", () => {
  test.each([
    ["without EDNS", {}, 512],
    ["with a small buffer", opt(700), 700],
    ["with a size below the least", opt(10), 512],
    ["with a large buffer", opt(4096), 1232],
  ])("is truncated to nothing over UDP %s", (_, edns, limit) => {
    const reply = exchange(query("long.example.com", "TXT", edns));
    expect(reply).toMatchObject({ flag_tc: true, rcode: "NOERROR", answers: [] });
    expect(respond(ZONES, query("long.example.com", "TXT", edns), "udp")?.length).toBeLessThanOrEqual(limit);
  });

  it("is whole over TCP", () => {
    const reply = exchange(query("long.example.com", "TXT"), "tcp");
    expect(reply.flag_tc).toBe(false);
    expect(reply.answers).toHaveLength(30);
  });

  it("is a server failure over TCP beyond 65,535 octets", () =>
    expect(exchange(query("endless.example.com", "TXT"), "tcp")).toMatchObject({
      rcode: "SERVFAIL",
      answers: [],
    }));
});

describe("what is no query", () => {
  const valid = query("mail.example.com");
  const changed = (offset: number, ...octets: number[]) => {
    const copy = Buffer.from(valid);
    octets.forEach((octet, index) => (copy[offset + index] = octet));
    return copy;
  };

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["half a header", valid.subarray(0, 11)],
    ["a response", changed(2, 0x81)],
  ])("gets no reply: %s", (_, message) => expect(respond(ZONES, message, "udp")).toBeUndefined());

  test.each([
    ["STATUS", 2],
    ["NOTIFY", 4],
    ["UPDATE", 5],
    ["an opcode without name", 15],
  ])("is not implemented: %s", (_, opcode) => {
    const reply = respond(ZONES, changed(2, opcode << 3), "udp");
    expect(reply?.readUInt16BE(0)).toBe(4711);
    expect(reply?.[2]).toBe(0x80 | (opcode << 3));
    expect(reply?.[3]).toBe(4);
  });

  test.each([
    ["a header alone", valid.subarray(0, 12)],
    ["no question", changed(4, 0, 0)],
    [
      "two questions",
      encode({
        questions: [
          { name: "a", type: "A" },
          { name: "b", type: "A" },
        ],
      }),
    ],
    ["a name that runs past the end", valid.subarray(0, 20)],
    ["a question without type", valid.subarray(0, -4)],
    ["a question without class", valid.subarray(0, -2)],
    ["a pointer in the question", changed(12, 0xc0, 12)],
    ["an unknown kind of label", changed(12, 0x41)],
    [
      "a label of 64 octets",
      Buffer.concat([
        valid.subarray(0, 12),
        Buffer.from([64]),
        Buffer.alloc(64, "a"),
        Buffer.from([0, 0, 1, 0, 1]),
      ]),
    ],
    ["a record that isn't there", changed(10, 0, 1)],
    ["octets after the end", Buffer.concat([valid, Buffer.from([0])])],
    [
      "a name of 256 octets",
      Buffer.concat([
        valid.subarray(0, 12),
        ...Array.from({ length: 4 }, () => Buffer.concat([Buffer.from([63]), Buffer.alloc(63, "a")])),
        Buffer.from([0, 0, 1, 0, 1]),
      ]),
    ],
  ])("is a format error: %s", (_, message) => {
    const reply = respond(ZONES, message, "udp");
    expect(reply).toHaveLength(12);
    expect((reply?.[3] ?? 0) & 0xf).toBe(1);
  });
});

describe("whatever comes in", () => {
  const seeds = [
    query("mail.example.com"),
    query("long.example.com", "TXT", opt(1232)),
    query("www.example.com", "ANY"),
  ];
  const mutated = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 255 })), { maxLength: 6 }),
      fc.nat({ max: 60 }),
    )
    .map(([seed, changes, length]) => {
      const copy = Buffer.from(seed);
      for (const [offset, octet] of changes) if (offset < copy.length) copy[offset] = octet;
      return length > 40 ? copy : copy.subarray(0, copy.length - Math.min(length, 3));
    });

  test.each(["udp", "tcp"] as const)("over %s: silence, or a reply to it that can be read", (transport) =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }).map((octets) => Buffer.from(octets)),
          mutated,
        ),
        (message) => {
          const reply = respond(ZONES, message, transport);
          if (reply === undefined) {
            expect(message.length < 12 || (message[2] ?? 0) >= 0x80).toBe(true);
            return;
          }
          expect(reply.readUInt16BE(0)).toBe(message.readUInt16BE(0));
          expect(reply[2]).toBeGreaterThanOrEqual(0x80);
          if (transport === "udp") expect(reply.length).toBeLessThanOrEqual(1232);
          decode(reply);
        },
      ),
      { numRuns: 2000 },
    ),
  );
});
