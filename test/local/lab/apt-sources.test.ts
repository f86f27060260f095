import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { debianSources } from "../../../local/lab/apt-sources.ts";

const made: string[] = [];
afterEach(() => made.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

const DEBIAN = 'ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n';

/** A folder /etc with these files. */
function etc(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), "okmail-etc-"));
  made.push(folder);
  for (const [name, text] of Object.entries({ "os-release": DEBIAN, ...files })) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

test("stanzas of Debian's own archive are turned to the other suite, others are left out", () => {
  const folder = etc({
    "apt/sources.list.d/debian.sources": `Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
  bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: http://mirror.example/off
Suites: bookworm
Components: main
Enabled: no
`,
    "apt/sources.list.d/other.sources":
      "Types: deb\nURIs: http://other.example\nSuites: stable\nComponents: main\n",
  });
  const key = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ";
  expect(debianSources("trixie", folder)?.split("\n")).toEqual([
    `deb ${key}http://mirror.example/debian trixie main`,
    `deb ${key}http://mirror.example/debian trixie-updates main`,
    "deb http://mirror.example/debian-security trixie-security main",
    "",
  ]);
});

test("lines are read, too", () => {
  const folder = etc({
    "apt/sources.list": `# deb http://mirror.example/old bookworm main
deb [arch=amd64] http://mirror.example/debian bookworm main non-free
deb http://mirror.example/debian bookworm contrib
deb-src http://mirror.example/debian bookworm main
`,
  });
  expect(debianSources("trixie", folder)).toBe("deb [arch=amd64] http://mirror.example/debian trixie main\n");
});

test.each([
  ["no Debian", { "os-release": "ID=ubuntu\nVERSION_CODENAME=noble\n" }],
  ["a Debian without sources", {}],
])("%s has none to offer", (_, files: Readonly<Record<string, string>>) => {
  expect(debianSources("trixie", etc(files))).toBeUndefined();
});
