import { describe, expect, it } from "vitest";
import { SymbolTable } from "../../mail/symbol.ts";
import { addToPlan, Plan } from "../../policy/plan.ts";
import { plannedZone } from "../../policy/planned-zone.ts";
import { ZoneIndex } from "../../policy/zone-index.ts";
import { answerOf } from "../helpers/answer-of.ts";
import { declare } from "../helpers/planned-stack.ts";

const record = (name: string, content: string, logicalName = name) =>
  declare.record(logicalName, { zoneId: "z1", name, type: "A", content });

/** A plan that grows, and the DNS over it. */
function growing() {
  const plan = new Plan();
  const zones = new ZoneIndex(plan);
  const zone = plannedZone(plan, { symbols: new SymbolTable(), zones });
  return {
    zones,
    add: (...resources: readonly Parameters<typeof addToPlan>[1][]) => {
      for (const resource of resources) addToPlan(plan, resource);
    },
    a: (name: string) => answerOf(zone, name, "A"),
  };
}

describe("a plan that grows", () => {
  it("answers for a record as soon as that is added", async () => {
    const { add, a } = growing();
    expect(await a("a.example.com")).toBe("EUNDETERMINED");
    add(record("b.example.com", "192.0.2.2"));
    expect(await a("a.example.com")).toBe("ENOTFOUND");
    add(record("a.example.com", "192.0.2.1"));
    expect(await a("a.example.com")).toEqual(["192.0.2.1"]);
    expect(await a("b.example.com")).toEqual(["192.0.2.2"]);
  });

  it("takes a record seen again in place of the earlier one", async () => {
    const { add, a } = growing();
    add(record("a.example.com", "192.0.2.1", "r"));
    expect(await a("a.example.com")).toEqual(["192.0.2.1"]);
    add(record("b.example.com", "192.0.2.9", "r"), record("x.example.com", "192.0.2.8"));
    expect(await a("a.example.com")).toBe("ENOTFOUND");
    expect(await a("b.example.com")).toEqual(["192.0.2.9"]);
  });

  it("moves relative names once the zone's name is known better", async () => {
    const { add, a } = growing();
    add(record("okmail", "192.0.2.1"));
    expect(await a("okmail.example.com")).toBe("EUNDETERMINED");
    add(record("www.example.com", "192.0.2.2"));
    expect(await a("okmail.example.com")).toEqual(["192.0.2.1"]);
    add(declare.cloudflareZone("zone", { id: "z1", name: "mail.example.com" }));
    expect(await a("okmail.mail.example.com")).toEqual(["192.0.2.1"]);
    expect(await a("okmail.example.com")).toBe("EUNDETERMINED");
  });

  it("names a zone of relative names by the senders' domain, as long as there is one such zone", async () => {
    const { add, a, zones } = growing();
    add(record("okmail", "192.0.2.1"));
    zones.assumeSenders(["mail.example.com", "example.com"]);
    expect(await a("okmail.example.com")).toEqual(["192.0.2.1"]);
    add(declare.record("other", { zoneId: "z2", name: "www", type: "A", content: "192.0.2.2" }));
    expect(await a("okmail.example.com")).toBe("EUNDETERMINED");
  });

  it("names no zone by senders of several domains", async () => {
    const { add, a, zones } = growing();
    add(record("okmail", "192.0.2.1"));
    zones.assumeSenders(["example.com", "example.org"]);
    expect(await a("okmail.example.com")).toBe("EUNDETERMINED");
  });
});
