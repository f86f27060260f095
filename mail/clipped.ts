/**
 * A text of at most `most` characters for a message: what others publish can be 60 KB long.
 * `v=spf1 ip4:192.0.2.1 ip4:…` -> `v=spf1 ip4:192.0… (60,012 characters)`
 */
export function clipped(text: string, most = 500): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most)}… (${text.length.toLocaleString("en-US")} characters)`;
}
