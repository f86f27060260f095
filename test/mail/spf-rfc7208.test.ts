import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { checkSpf } from "../../mail/spf.ts";
import type { Answers } from "../../mail/resolver.ts";
import { dnsZone, type Zone, type ZoneName } from "../helpers/dns-zone.ts";

/** A record of the suite: `{ A: 1.2.3.4 }`, `{ MX: [10, mail.example.com] }`, or the bare word TIMEOUT. */
type SuiteRecord = "TIMEOUT" | Record<string, string | string[] | [number, string]>;

interface Scenario {
  readonly description: string;
  readonly tests: Record<string, SuiteCase>;
  readonly zonedata: Record<string, SuiteRecord[]>;
}

interface SuiteCase {
  readonly host: string;
  readonly helo: string;
  readonly mailfrom: string;
  /** The result, or all that are allowed, the preferred first. */
  readonly result: string | string[];
  readonly explanation?: string;
}

const suite = new URL("rfc7208/rfc7208-tests.yml", import.meta.url);
const scenarios = parseAllDocuments(readFileSync(suite, "utf8")).map(
  (document) => document.toJS() as Scenario,
);

test("the suite is whole", () => {
  expect(scenarios).toHaveLength(16);
  expect(scenarios.flatMap(({ tests }) => Object.keys(tests))).toHaveLength(203);
});

describe.each(scenarios)("$description", ({ tests, zonedata }) => {
  const zone = suiteZone(zonedata);
  test.each(Object.entries(tests))("%s", async (_, { host, helo, mailfrom, result, explanation }) => {
    const check = await checkSpf(host, mailfrom, helo, dnsZone(zone));
    expect([result].flat()).toContain(check.result);
    // Hexadecimal digits of addresses are small with us and capital in the suite; names have no case.
    const explained = check.explanation ?? "DEFAULT";
    if (explanation !== undefined) expect(explained.toLowerCase()).toBe(explanation.toLowerCase());
  });
});

function suiteZone(zonedata: Scenario["zonedata"]): Zone {
  return Object.fromEntries(Object.entries(zonedata).map(([name, records]) => [name, suiteName(records)]));
}

/**
 * The suite's conventions: a record of type SPF is meant as TXT unless the name has TXT records of its own, `NONE`
 * suppresses that, and TIMEOUT makes a name's every look-up time out for which it has no record.
 */
function suiteName(records: readonly SuiteRecord[]): ZoneName {
  const of = <T>(type: string): T[] =>
    records.flatMap((record) => (record !== "TIMEOUT" && type in record ? [record[type] as T] : []));
  const txt = of<string | string[]>("TXT");
  const texts = txt.length > 0 ? txt.filter((text) => text !== "NONE") : of<string | string[]>("SPF");
  const found = {
    A: of<string>("A"),
    AAAA: of<string>("AAAA"),
    CNAME: of<string>("CNAME"),
    MX: of<[number, string]>("MX").map(([priority, exchange]): Answers["MX"][0] => ({ priority, exchange })),
    PTR: of<string>("PTR"),
    TXT: texts,
  };
  const missing = records.includes("TIMEOUT") ? ("ETIMEOUT" as const) : [];
  return Object.fromEntries(
    Object.entries(found)
      .filter(([type, answers]) => type !== "CNAME" || answers.length > 0)
      .map(([type, answers]) => [type, answers.length > 0 ? answers : missing]),
  );
}
