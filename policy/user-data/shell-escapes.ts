/** Escapes of `$'…'`, echo and printf; a backslash before anything else stays. */
export function withEscapes(text: string): string {
  return text.replace(/\\([\\'"abefnrtv])/g, (_, character: string) => controls[character] ?? character);
}

const controls: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
