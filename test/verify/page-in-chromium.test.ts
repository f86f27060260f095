// The page in a real browser: `npm test` installs one where it can.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { htmlReport } from "../../verify/report/html.ts";
import { browser } from "../helpers/browser.ts";
import { Chromium, type Seen } from "../helpers/chromium.ts";
import { goodSender, goodSubject, World } from "./world.ts";

const program = browser();
if (program === undefined)
  console.warn(
    "Skipped: there is no Chromium to open the page of a report in; `npm test` as root installs one on Debian.",
  );

/** What is looked for in the page, in the browser's own language. */
interface Look {
  readonly pageWidth: number;
  /** The narrowest text of the picture in pixels, as it is shown. */
  readonly smallestText: number;
  readonly picture: readonly string[];
  readonly rows: number;
  /** Each text with the ratio of its colour to the background's (WCAG 2.2, 1.4.3). */
  readonly contrasts: readonly { readonly text: string; readonly ratio: number }[];
}

const look = `(() => {
  const canvas = document.createElement("div");
  canvas.style.background = "Canvas";
  document.body.append(canvas);
  const channels = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((part) => {
    const value = Number(part) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const light = (colour) => {
    const [red, green, blue] = channels(colour);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05;
  };
  const back = light(getComputedStyle(canvas).backgroundColor);
  canvas.remove();
  const elements = [...document.querySelectorAll("body *")].filter((element) =>
    !["TITLE", "STYLE", "title"].includes(element.tagName) &&
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ""));
  const drawn = [...document.querySelectorAll("svg text")];
  return {
    pageWidth: document.documentElement.scrollWidth,
    smallestText: Math.min(...drawn.map((text) =>
      parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)),
    picture: drawn.map((text) => text.textContent),
    rows: document.querySelectorAll("tbody tr").length,
    contrasts: elements.map((element) => {
      const { color, fill } = getComputedStyle(element);
      const front = light(element.closest("svg") === null ? color : fill);
      return { text: element.textContent.slice(0, 40), ratio: Math.max(front, back) / Math.min(front, back) };
    }),
  };
})()`;

const folder = mkdtempSync(path.join(tmpdir(), "okmail-page-"));
const world = new World();
let chromium: Chromium | undefined;
let url = "";

beforeAll(async () => {
  if (program === undefined) return;
  const other = { ...goodSender, helo: "okmail2.example.com", addresses: ["192.0.2.20"] };
  const report = await world.verify({
    subject: { ...goodSubject, senders: [goodSender, other] },
    records: {
      "okmail2.example.com A": ["192.0.2.20"],
      "20.2.0.192.in-addr.arpa PTR": ["ec2-192-0-2-20.compute.example.net"],
      "example.com CAA": undefined,
    },
  });
  const page = path.join(folder, "report.html");
  writeFileSync(page, htmlReport(report));
  url = pathToFileURL(page).href;
  chromium = await Chromium.open(program, path.join(folder, "profile"));
}, 120_000);

afterAll(async () => {
  await chromium?.close();
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

async function seen(width: number, scheme: "dark" | "light"): Promise<Seen<Look>> {
  if (chromium === undefined) throw new Error("there is no browser");
  return chromium.look(url, { width, scheme }, look);
}

const views = [
  [1200, "light"],
  [1200, "dark"],
  [400, "light"],
  [400, "dark"],
] as const;

describe.skipIf(program === undefined).each(views)(
  "the page at %i px, %s",
  { timeout: 60_000 },
  (width, scheme) => {
    test("asks for nothing and complains of nothing, with scripts turned off", async () => {
      const { requests, complaints } = await seen(width, scheme);
      expect([requests, complaints]).toEqual([[url], []]);
    });

    test("has the names and addresses in its picture, and whether they agree", async () => {
      const { value } = await seen(width, scheme);
      expect(value.picture).toEqual(
        expect.arrayContaining([
          "okmail.example.com",
          "192.0.2.10",
          "okmail2.example.com",
          "192.0.2.20",
          "✓ holds",
          "✗ has the name",
        ]),
      );
      expect(value.rows).toBeGreaterThan(20);
    });

    test("can be read", async () => {
      const { value } = await seen(width, scheme);
      expect(value.pageWidth).toBeLessThanOrEqual(width);
      expect(value.smallestText).toBeGreaterThanOrEqual(11);
      expect(value.contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
      expect(value.contrasts.length).toBeGreaterThan(50);
    });
  },
);
