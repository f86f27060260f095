/** An element's start tag: name and attributes in lower case, values with their entities resolved. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | undefined>>;
}

const voidElements: ReadonlySet<string> = new Set(["meta", "br", "hr", "img", "link", "input"]);
const rawText: ReadonlySet<string> = new Set(["style", "script"]);
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

/**
 * Reads a page strictly, as no browser has to: every element is closed in order, every attribute is quoted, every `<` and
 * `&` of a text is an entity that is known. @throws Error that says what is wrong and where
 */
export function elementsOf(page: string): Element[] {
  const elements: Element[] = [];
  const open: string[] = [];
  let offset = /^<!doctype html>\n/.exec(page)?.[0].length ?? 0;
  if (offset === 0) throw new Error("there is no doctype");
  while (offset < page.length) {
    const rest = page.slice(offset);
    const [text = ""] = /^[^<]*/.exec(rest) ?? [];
    checkText(text);
    offset += text.length;
    if (offset === page.length) break;
    const tag = /^<(\/?)([A-Za-z][A-Za-z0-9]*)((?:\s+[A-Za-z0-9:-]+="[^"<]*")*)\s*(\/?)>/.exec(
      page.slice(offset),
    );
    if (tag === null) throw new Error(`no tag at "${page.slice(offset, offset + 60)}"`);
    const [whole, closing, written = "", attributes = "", selfClosing] = tag;
    const name = written.toLowerCase();
    offset += whole.length;
    if (closing === "/") {
      const expected = open.pop();
      if (expected !== name) throw new Error(`</${name}> closes <${expected ?? ""}>`);
      continue;
    }
    elements.push({ name, attributes: attributesOf(attributes) });
    if (voidElements.has(name) || selfClosing === "/") continue;
    open.push(name);
    if (rawText.has(name)) offset = page.indexOf(`</${name}>`, offset);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(", ")}`);
  return elements;
}

function attributesOf(text: string): Record<string, string> {
  const found = [...text.matchAll(/([A-Za-z0-9:-]+)="([^"]*)"/g)];
  return Object.fromEntries(
    found.map(([, name = "", value = ""]) => {
      checkText(value);
      return [
        name.toLowerCase(),
        value.replace(/&([#a-z0-9]+);/g, (_, entity: string) => entities[entity] ?? ""),
      ];
    }),
  );
}

function checkText(text: string): void {
  const stray = /&(?!(?:amp|lt|gt|quot|#39);)/.exec(text);
  if (stray !== null) throw new Error(`a bare & in "${text.slice(stray.index, stray.index + 40)}"`);
}
