import { normalizeName, reverseName } from "../mail/host-name.ts";
import { exchangersOf } from "../mail/judge/exchangers.ts";
import type { Inquiry } from "../mail/judge/inquiry.ts";
import type { ReportedSender } from "./report.ts";

/** The names and addresses of a sender as the DNS has them, for the report and its picture. */
export async function namesOf(asked: Inquiry): Promise<ReportedSender["names"]> {
  const { helo, addresses, lookUp } = asked;
  const found = async (name: string, type: "A" | "PTR") => {
    const lookup = await lookUp(name, type);
    return lookup.kind === "found" ? [...lookup.answers] : [];
  };
  const [a, ptr, mx] = await Promise.all([
    found(helo, "A"),
    Promise.all(
      addresses.map(async (address) => ({
        address,
        names: (await found(reverseName(address), "PTR")).map(normalizeName),
      })),
    ),
    exchangersOf(asked).then((exchangers) =>
      Promise.all(exchangers.map(async (name) => ({ name, addresses: await found(name, "A") }))),
    ),
  ]);
  return { a, ptr, mx };
}
