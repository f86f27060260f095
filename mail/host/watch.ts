import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, strToU8 } from "fflate";
import { standardLists } from "../blocklists.ts";
import { testEntries } from "../blocklist/self-test.ts";
import { shortPython } from "./programs.ts";

/** Whom a host tells what has changed: one of the two. */
export interface Watcher {
  /** An address, by the host's own Postfix. */
  readonly mail?: string | undefined;
  /** The ARN of an SNS topic. */
  readonly topic?: string | undefined;
}

/** The program by which a host looks after itself, with its settings. */
export function watchProgram({ mail, topic }: Watcher): string {
  const to = topic ?? mail ?? "";
  const program = shortPython(readFileSync(join(import.meta.dirname, "fetched", "watch.py"), "utf8"));
  return `${program}run(${JSON.stringify(to)}, ${JSON.stringify(blocklists())})\n`;
}

/** A program for which user data has no room: a host fetches it from an SSM parameter. */
export interface FetchedProgram {
  /** The parameter's value: the program in gzip and base64, the same on every machine. At most 4,096 characters. */
  readonly value: string;
  /** SHA-256 of the value, as hexadecimal digits, for the user data. */
  readonly digest: string;
}

export function packed(program: string): FetchedProgram {
  const value = Buffer.from(gzipSync(strToU8(program), { level: 9, mtime: 0 })).toString("base64");
  return { value, digest: createHash("sha256").update(value).digest("hex") };
}

/** The lists that receivers refuse mail by and that answer without a key: what to ask, what to expect. */
function blocklists() {
  return (["addresses", "domains"] as const)
    .flatMap((kind) => standardLists(kind))
    .filter(({ weight }) => weight === "blocking")
    .map((list) => {
      const { listed, notListed } = testEntries(list, list.lists === "domains" ? "domain" : "ipv4");
      return {
        zone: list.zone,
        lists: list.lists,
        codes: list.codes
          .filter(({ weight = list.weight }) => weight === "blocking")
          .flatMap(({ codes }) => codes),
        tests: [listed, notListed].map(([entry]) => entry?.labels ?? ""),
      };
    });
}
