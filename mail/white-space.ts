/**
 * `text` without the ASCII white space at its ends. Record and configuration syntax knows no other, so unlike
 * String.trim this leaves no-break spaces and their like where they are. Takes linear time on any text.
 */
export function trimWhiteSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Space, and tab to carriage return: isspace(3) in the C locale. */
function isWhiteSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
