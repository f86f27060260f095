import { longestMaxAge, type MtaStsPolicy } from "../mail/mta-sts.ts";

const modes = ["enforce", "testing", "none"] as const;

/**
 * Reads a policy document (RFC 8461 3.2). `fault` says why senders have no policy, as a phrase that follows "the policy":
 * `has no version`.
 */
export function readMtaStsPolicy(text: string): MtaStsPolicy | { readonly fault: string } {
  const fields = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .map((line) => /^([A-Za-z0-9_.-]+)[ \t]*:[ \t]*(.*?)[ \t]*$/.exec(line));
  if (fields.includes(null)) return { fault: "has a line that is no field" };
  const values = (key: string) => fields.flatMap((field) => (field?.[1] === key ? [field[2] ?? ""] : []));
  // Of a key that comes twice, but for mx, the first counts.
  const [version] = values("version");
  const [mode] = values("mode");
  const [age = ""] = values("max_age");
  const mx = values("mx").map((name) => name.toLowerCase());
  if (version !== "STSv1") return { fault: 'has no "version: STSv1"' };
  const known = modes.find((one) => one === mode);
  if (known === undefined) return { fault: `has the mode "${mode ?? ""}"; write enforce, testing or none` };
  if (!/^\d{1,10}$/.test(age) || Number(age) > longestMaxAge)
    return { fault: `has the max_age "${age}"; write 86400 to ${longestMaxAge} seconds` };
  if (known !== "none" && mx.length === 0) return { fault: "names no mail exchanger" };
  return { mode: known, mx, maxAge: Number(age) };
}

/** Whether a pattern of a policy covers a mail exchanger; `*.` stands for exactly one label (RFC 8461 4.1). */
export function covers(pattern: string, exchanger: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === exchanger;
  const dot = exchanger.indexOf(".");
  return dot > 0 && exchanger.slice(dot) === pattern.slice(1);
}
