// The page in a real browser, where there is one.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { runCommand } from "../../toolchain/command.ts";
import { htmlReport } from "../../verify/report/html.ts";
import { World } from "./world.ts";

const chromium = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((program) => existsSync(program));
if (chromium === undefined)
  console.warn("Skipped: there is no /usr/bin/chromium to open the page of a report in.");

const folder = mkdtempSync(path.join(tmpdir(), "okmail-page-"));
const world = new World();
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(chromium === undefined)("the page in Chromium", { timeout: 60_000 }, () => {
  test("shows the picture and the table, asks for nothing and complains of nothing", async () => {
    const page = path.join(folder, "report.html");
    writeFileSync(page, htmlReport(await world.verify({ options: { connect: false } })));
    const { code, stdout, stderr } = await runCommand(
      chromium ?? "",
      [
        ...["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"],
        ...[`--user-data-dir=${path.join(folder, "profile")}`, pathToFileURL(page).href],
      ],
      {},
    );
    expect(code).toBe(0);
    expect(stdout).toContain("<svg");
    expect(stdout).toContain("ptr-matches-helo");
    // Refusals of the page's own Content-Security-Policy would stand here.
    expect(stderr).not.toMatch(/CONSOLE/);
  });
});
