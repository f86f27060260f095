import { describe, expect, test } from "vitest";
import { transportServices, transportSettings } from "../../mail/transports.ts";

/** As regexp_table(5) looks an address up: expressions in their order, letters in either case. */
function transportOf(address: string): string | undefined {
  const [, maps] = transportSettings.find(([name]) => name === "transport_maps") ?? ["", ""];
  const rules = Array.from(maps.replaceAll("$$", "$").matchAll(/\{ \/(.+?)\/ (\w+): \}/g));
  return rules.find(([, pattern = ""]) => new RegExp(pattern, "i").test(address))?.[2];
}

describe("transport_maps", () => {
  test.each([
    ["someone@gmail.com", "gmail"],
    ["Someone@GoogleMail.com", "gmail"],
    ["someone@outlook.com", "microsoft"],
    ["someone@hotmail.com", "microsoft"],
    ["someone@hotmail.co.uk", "microsoft"],
    ["someone@live.nl", "microsoft"],
    ["someone@msn.com", "microsoft"],
    ["someone@yahoo.com", "yahoo"],
    ["someone@yahoo.com.br", "yahoo"],
    ["someone@ymail.com", "yahoo"],
    ["someone@aol.com", "yahoo"],
  ])("sends mail for %s by the transport %s", (address, transport) =>
    expect(transportOf(address)).toBe(transport),
  );

  test.each([
    "someone@example.com",
    "gmail.com@example.com",
    "someone@gmail.com.example.org",
    "someone@notgmail.com",
    "someone@mail.yahoo.example",
    "someone@gmailXcom",
  ])("leaves %s to the default transport", (address) => expect(transportOf(address)).toBeUndefined());
});

describe("each transport", () => {
  test.each(transportServices)(
    "$name delivers by SMTP with a limit of connections",
    ({ processes, command }) => {
      expect(command).toBe("smtp");
      expect(processes).toBeGreaterThan(0);
      // Less than every destination gets by itself (default_destination_concurrency_limit).
      expect(processes).toBeLessThan(20);
    },
  );

  test("yahoo closes a connection after 20 messages, before Yahoo does", () =>
    expect(transportServices.find(({ name }) => name === "yahoo")?.overrides).toEqual([
      ["smtp_connection_reuse_count_limit", "20"],
    ]));
});
