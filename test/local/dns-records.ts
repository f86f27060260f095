import type { ResourceRecord } from "../../local/dns/record.ts";

/** Reads a record as a zone file writes it, without quoting: `"mail.example.com A 192.0.2.10"`; 300 s to live. */
export function record(line: string): ResourceRecord {
  const [name = "", type = "", ...rest] = line.split(" ");
  const base = { name: name === "." ? "" : name, ttl: 300 };
  const data = rest.join(" ");
  switch (type) {
    case "A":
    case "AAAA":
    case "CNAME":
    case "NS":
    case "PTR":
      return { ...base, type, data };
    case "MX":
      return { ...base, type, data: { preference: Number(rest[0]), exchange: rest[1] ?? "" } };
    case "TXT":
      return { ...base, type, data: data.split("|").map((text) => Buffer.from(text)) };
    case "CAA":
      return {
        ...base,
        type,
        data: { flags: Number(rest[0]), tag: "issue", value: rest.slice(2).join(" ") },
      };
    case "TLSA": {
      const [usage = 0, selector = 0, matchingType = 0] = rest.map(Number);
      const certificate = Buffer.from(rest[3] ?? "", "hex");
      return { ...base, type, data: { usage, selector, matchingType, certificate } };
    }
    default:
      throw new Error(`no such type in tests: ${type}`);
  }
}

/** Reads several records. */
export function records(...lines: readonly string[]): ResourceRecord[] {
  return lines.map(record);
}
