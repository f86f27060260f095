import type { Inquiry } from "../mail/judge/inquiry.ts";
import { fetchHttps, type HttpsAnswer, type HttpsOptions } from "./https.ts";

/** Fetches a document from the first address that the DNS has of a host. Never rejects. */
export async function fetchByName(
  host: string,
  path: string,
  { lookUp }: Inquiry,
  options: HttpsOptions,
): Promise<HttpsAnswer> {
  const lookups = await Promise.all([lookUp(host, "A"), lookUp(host, "AAAA")]);
  const addresses = lookups.flatMap((lookup) => (lookup.kind === "found" ? [...lookup.answers] : []));
  const [address] = addresses;
  if (address !== undefined) return fetchHttps(host, path, address, options);
  const reasons = lookups.map((lookup) => (lookup.kind === "found" ? "" : lookup.why));
  return {
    kind: "failed",
    why: `has no address: ${host} ${[...new Set(reasons)].join(", ")}`,
  };
}
