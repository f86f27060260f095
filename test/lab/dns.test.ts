import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ResourceRecord } from "../../local/dns/record.ts";
import type { ZoneSource } from "../../local/dns/zone.ts";
import { NAME_SERVER_ADDRESS } from "../../local/lab/addresses.ts";
import { startLabDns, type LabDns } from "../../local/lab/dns.ts";
import { openLab, type Lab } from "../../local/lab/lab.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import { answerOf } from "../helpers/answer-of.ts";
import { a, internet, SENDER, txt } from "./internet.ts";

const hindrance = labHindrance();
if (hindrance !== undefined) console.warn(`SKIPPED, the lab's DNS: ${hindrance}`);

describe.skipIf(hindrance !== undefined)("the lab's DNS", () => {
  let lab: Lab;
  let dns: LabDns;
  let zones: readonly ZoneSource[] = internet();
  let serial = 1;

  beforeAll(async () => {
    lab = await openLab({ report: (line) => console.log(line) });
    dns = await startLabDns(lab, { zones: () => zones, serial: () => serial });
  }, 300_000);

  afterAll(async () => {
    await dns.close();
    await lab.close();
  }, 60_000);

  beforeEach(() => change(internet()));

  function change(next: readonly ZoneSource[]): Promise<void> {
    zones = next;
    serial += 1;
    return dns.sync();
  }

  /** The internet with records of example.com's added. */
  function withExample(...records: readonly ResourceRecord[]): ZoneSource[] {
    return internet().map((zone) =>
      zone.origin === "example.com" ? { ...zone, records: [...zone.records, ...records] } : zone,
    );
  }

  const resolve = (name: string, type: "A" | "TXT" | "PTR" | "MX") =>
    answerOf(
      { resolve: (asked, kind) => dns.resolver.resolve(asked, kind) } as Parameters<typeof answerOf>[0],
      name,
      type,
    );

  test("tells names that don't exist from those that have no such record, at every level", async () => {
    expect(await resolve("okmail.example.com", "A")).toEqual([SENDER]);
    expect(await resolve("nothing.example.com", "A")).toBe("ENOTFOUND");
    expect(await resolve("example.com", "A")).toBe("ENODATA");
    expect(await resolve("com", "A")).toBe("ENODATA");
    expect(await resolve("org", "A")).toBe("ENOTFOUND");
    expect(await resolve("10.113.0.203.in-addr.arpa", "PTR")).toEqual(["okmail.example.com"]);
    expect(await resolve("99.113.0.203.in-addr.arpa", "PTR")).toBe("ENOTFOUND");
  });

  test("answers with what the zones say at the moment of the question", async () => {
    zones = withExample(a("www.example.com", "192.0.2.1"));
    serial += 1;

    expect(await resolve("www.example.com", "A")).toEqual(["192.0.2.1"]);
  });

  test("gives texts octet for octet, long ones over TCP", async () => {
    const text = `v="a\\b"; ${"x".repeat(3000)}`;
    await change(withExample(txt("long.example.com", text)));
    const answer = (await resolve("long.example.com", "TXT")) as string[][];

    expect(answer.map((strings) => strings.join(""))).toEqual([text]);
  });

  test("forgets a zone that goes, and serves it anew when it comes back", async () => {
    const reverse = "113.0.203.in-addr.arpa";
    await change(internet().filter(({ origin }) => origin !== reverse));
    expect(await resolve("10.113.0.203.in-addr.arpa", "PTR")).toBe("ENOTFOUND");
    await change(internet({ ptr: "new.example.com" }));
    expect(await resolve("10.113.0.203.in-addr.arpa", "PTR")).toEqual(["new.example.com"]);
  });

  test("refuses what can't be in a zone, says what, and goes on serving the zone as it was", async () => {
    const alias: ResourceRecord = { name: "okmail.example.com", type: "CNAME", ttl: 60, data: "example.net" };
    const other = a("more.okmail.internal", "203.0.113.99");
    const broken = withExample(alias).map((zone) =>
      zone.origin === "okmail.internal" ? { ...zone, records: [...zone.records, other] } : zone,
    );

    await expect(change(broken)).rejects.toThrow(
      /okmail\.example\.com\., another record exists beside CNAME/,
    );
    // A question waits for the zones of its moment, which can't be served.
    expect(await resolve("okmail.example.com", "A")).toBe("ESERVFAIL");
    const direct = await lab.check(["python3", "-c", ASK, NAME_SERVER_ADDRESS, "okmail.example.com"]);
    expect(direct.trim()).toBe(SENDER);
    await expect(change(withExample(a("bad.example.com", "1.2.3")))).rejects.toThrow(
      /parser failed.*bad\.example\.com/,
    );
    await change(internet());
    expect(await resolve("okmail.example.com", "A")).toEqual([SENDER]);
    expect(await resolve("more.okmail.internal", "A")).toBe("ENOTFOUND");
  });

  test("answers nobody while it is paused", async () => {
    dns.pause();
    const asked = lab.run(["python3", "-c", ASK, NAME_SERVER_ADDRESS, "okmail.example.com"]);
    expect((await asked).stderr).toContain("timed out");
    dns.resume();
    expect(await resolve("okmail.example.com", "A")).toEqual([SENDER]);
  });
});

/** Asks a name server for an A record, over UDP, and prints the last four octets of the answer. */
const ASK = `
import socket, struct, sys
server, name = sys.argv[1:]
question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\\0\\0\\1\\0\\1"
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(2)
client.sendto(struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + question, (server, 53))
print(socket.inet_ntoa(client.recv(512)[-4:]))
`;
