import { normalizeName, reverseName } from "../mail/host-name.ts";
import { exchangersOf } from "../mail/judge/exchangers.ts";
import type { Inquiry } from "../mail/judge/inquiry.ts";
import type { ReportedDomain, ReportedSender } from "./report.ts";

/** The names and addresses of a sender as the DNS has them, for the report and its picture. */
export async function namesOf(asked: Inquiry): Promise<ReportedSender["names"]> {
  const { helo, addresses } = asked;
  const [a, ptr] = await Promise.all([
    found(asked, helo, "A"),
    Promise.all(
      addresses.map(async (address) => ({
        address,
        names: (await found(asked, reverseName(address), "PTR")).map(normalizeName),
      })),
    ),
  ]);
  return { a, ptr };
}

/** The mail exchangers of the domain with their addresses, for the same. */
export async function mailExchangersOf(asked: Inquiry): Promise<ReportedDomain["mx"]> {
  const names = await exchangersOf(asked);
  return Promise.all(names.map(async (name) => ({ name, addresses: await found(asked, name, "A") })));
}

async function found({ lookUp }: Inquiry, name: string, type: "A" | "PTR"): Promise<string[]> {
  const lookup = await lookUp(name, type);
  return lookup.kind === "found" ? [...lookup.answers] : [];
}
