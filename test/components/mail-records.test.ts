import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { MailRecords } from "../../components/mail-records.ts";
import { outputOf, unknown } from "../helpers/output-of.ts";
import { record } from "../helpers/recorded-resources.ts";

/** One host whose address is allocated by this very deploy, and one with an adopted address. */
async function declare(preview: boolean): Promise<MailRecords> {
  let records: MailRecords | undefined;
  await record(
    (options) => {
      records = new MailRecords(
        "mail",
        {
          domain: "example.com",
          zoneId: "023e105f4ecef8ad9ca31a8372d0c353",
          ttl: 300,
          hosts: [
            {
              key: "okmail",
              helo: "okmail.example.com",
              publicIp: preview ? (pulumi.unknown as unknown as string) : "192.0.2.10",
              symbol: "{mail-okmail-address}",
            },
            { key: "old", helo: "old.example.com", publicIp: "198.51.100.7", symbol: "198.51.100.7" },
          ],
          spf: { all: "fail", a: false, mx: true, includes: [], ip4: [] },
          dmarc: { policy: "none", rua: [] },
          mailExchangers: [],
        },
        options,
      );
    },
    { preview },
  );
  if (records === undefined) throw new Error("nothing was declared");
  return records;
}

test.each([["a preview", true] as const, ["an update", false] as const])(
  "in %s the SPF templates have symbols for addresses that are allocated, and text for those that are adopted",
  async (_, preview) => {
    const { spfTemplate, heloSpfTemplates } = await declare(preview);
    expect(await outputOf(spfTemplate)).toBe("v=spf1 ip4:{mail-okmail-address} ip4:198.51.100.7 mx -all");
    expect(await outputOf(heloSpfTemplates)).toEqual({
      "okmail.example.com": "v=spf1 ip4:{mail-okmail-address} -all",
      "old.example.com": "v=spf1 ip4:198.51.100.7 -all",
    });
  },
);

test("records are told as declared once they are known, MX with its preference", async () => {
  expect(await outputOf((await declare(true)).records)).toBe(unknown);
  expect(await outputOf((await declare(false)).records)).toEqual(
    expect.arrayContaining([
      { name: "example.com", type: "TXT", content: '"v=spf1 ip4:192.0.2.10 ip4:198.51.100.7 mx -all"' },
      { name: "example.com", type: "MX", content: "10 okmail.example.com" },
      { name: "_dmarc.example.com", type: "TXT", content: '"v=DMARC1; p=none"' },
    ]),
  );
});
