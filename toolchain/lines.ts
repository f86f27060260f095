/**
 * Cuts text that comes in pieces into lines: call the result with each piece, and with undefined at the end. Only line
 * feeds end a line: the other line ends of Unicode may stand within a JSON string.
 */
export function lines(onLine: (line: string) => void): (piece: string | undefined) => void {
  let rest = "";
  return (piece) => {
    if (piece === undefined) {
      if (rest !== "") onLine(rest);
      rest = "";
      return;
    }
    const complete = (rest + piece).split("\n");
    rest = complete.pop() ?? "";
    for (const line of complete) onLine(line.replace(/\r$/, ""));
  };
}
