import { clipped } from "../../mail/clipped.ts";
import { normalizeName } from "../../mail/host-name.ts";
import { agrees, remarks, type Statement } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";
import { serverText, type MailServer } from "../facts.ts";

export const bannerNamesHost: Check = {
  id: "banner-names-host",
  title: "The host calls itself by its HELO name when others connect",
  severity: "advisory",
  description:
    "The banner of a mail server at a sending address, and its answer to EHLO, begin with the HELO name. It hints at what " +
    "the host says in HELO itself, which only the probe can tell.",
  sources: ["RFC 5321 4.2", "RFC 5321 4.1.1.1"],
  ofSender: async ({ servers, asked: { helo, addresses } }) =>
    (await servers())
      .filter(({ address, name }) => addresses.includes(address) && name === helo)
      .flatMap((server) => comparison(server, helo)),
};

function comparison({ name, address, visit: { banner, ehlo } }: MailServer, helo: string): Statement[] {
  if (banner?.code !== 220) return []; // A host that takes no mail has no banner.
  const names = [firstWord(banner.lines[0]), firstWord(ehlo?.lines[0])].filter((word) => word !== "");
  const others = [...new Set(names.filter((word) => normalizeName(word) !== helo))];
  const details = { address, expected: helo, found: names.join(", ") };
  return others.length === 0
    ? [agrees(`${serverText({ name, address })} calls itself ${helo}.`, details)]
    : [
        remarks(`${serverText({ name, address })} calls itself ${others.join(" and ")}, not ${helo}.`, {
          ...details,
          fix: `Set myhostname of the host to ${helo}.`,
        }),
      ];
}

function firstWord(line = ""): string {
  return clipped(line.trim().split(/\s/, 1)[0] ?? "", 100);
}
