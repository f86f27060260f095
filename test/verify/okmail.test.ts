// The command as people run it: a process of its own, over real DNS on loopback.

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { projectFolder } from "../../local/stack.ts";
import { runCommand } from "../../toolchain/command.ts";
import { reportSchema } from "../../verify/report.ts";
import { elementsOf } from "./html-elements.ts";
import { goodRecords, World } from "./world.ts";

const world = new World();
afterEach(() => world.close());

const program = path.join(projectFolder, "verify", "okmail.ts");
const timeout = 30_000;

async function okmail(...args: string[]) {
  const { code, stdout, stderr } = await runCommand(process.execPath, [program, ...args], {});
  return { code, stdout, stderr };
}

/** Of the good sender, by a DNS with these records. */
async function described(records = {}): Promise<string[]> {
  const dns = await world.dns({ ...goodRecords, ...records });
  const server = `${dns.address}:${dns.port}`;
  return [
    ...["verify", "--domain", "example.com", "--address", "192.0.2.10", "--helo", "okmail.example.com"],
    ...["--selector", "s1", "--resolver", server, "--connect-to", `203.0.113.53:53=${server}`],
    ...["--dns-only", "--no-blocklists"],
  ];
}

describe("okmail", { timeout }, () => {
  test("on the PATH hands its arguments to the project's Node", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "okmail-"));
    try {
      mkdirSync(path.join(folder, "toolchain"));
      mkdirSync(path.join(folder, "verify"));
      copyFileSync(
        path.join(projectFolder, "verify", "okmail.mjs"),
        path.join(folder, "verify", "okmail.mjs"),
      );
      const said = "console.log(JSON.stringify(process.argv.slice(2)))";
      writeFileSync(path.join(folder, "toolchain", "run.mjs"), said);
      const { stdout } = await runCommand(
        process.execPath,
        [path.join(folder, "verify", "okmail.mjs"), "verify", "--json"],
        {},
      );
      expect(JSON.parse(stdout)).toEqual([
        path.join(realpathSync(folder), "verify", "okmail.ts"),
        "verify",
        "--json",
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("lists its commands", async () => {
    const { code, stdout } = await okmail("--help");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}verify .*\n {2}delist /m);
  });

  test.each([
    [[], "No command is given."],
    [["verfy"], '"verfy" is no command of okmail.'],
    [["verify"], "nobody says what to verify"],
    [
      ["verify", "--outputs", "/nowhere/outputs.json"],
      "--outputs /nowhere/outputs.json can't be read (ENOENT)",
    ],
  ])("ends with 64 for %j", async (args, message) => {
    const { code, stderr } = await okmail(...args);
    expect(code).toBe(64);
    expect(stderr).toContain(message);
  });

  test.each([
    ["no JSON", "nothing", "is no JSON"],
    ["not a stack's", "{}", 'the outputs are not those of an okmail stack: "domain"'],
  ])("ends with 64 for outputs that are %s", async (_, content, message) => {
    const folder = mkdtempSync(path.join(tmpdir(), "okmail-"));
    try {
      const file = path.join(folder, "outputs.json");
      writeFileSync(file, content);
      const { code, stderr } = await okmail("verify", "--outputs", file);
      expect([code, stderr.includes(message)]).toEqual([64, true]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("okmail verify", { timeout }, () => {
  test("explains itself", async () => {
    const { code, stdout } = await okmail("verify", "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("--connect-to");
  });

  test("writes a table without colours where there is no terminal, and ends with 0", async () => {
    const { code, stdout } = await okmail(...(await described()));
    expect(code).toBe(0);
    expect(stdout).toContain("A strict receiver takes this mail.");
    expect(stdout).toContain("Not checked: the HELO name that the host really sends");
    expect(stdout).not.toContain("\u001b");
  });

  test("ends with 1 where something mandatory disagrees, and the JSON stands alone on its output", async () => {
    const args = await described({ "10.2.0.192.in-addr.arpa PTR": ["elsewhere.example.com"] });
    const { code, stdout } = await okmail(...args, "--json");
    expect(code).toBe(1);
    const { verdict, senders } = reportSchema.parse(JSON.parse(stdout));
    expect(verdict).toBe("refused");
    expect(senders[0]?.findings.find(({ rule }) => rule === "ptr-matches-helo")?.fix).toBe(
      "Set the reverse name of 192.0.2.10 to okmail.example.com.",
    );
  });

  test("ends with 2 where something mandatory can't be told", async () => {
    const args = ["--domain", "example.com", "--address", "192.0.2.10", "--helo", "okmail.example.com"];
    const { code } = await okmail(
      "verify",
      ...args,
      "--resolver",
      "127.0.0.1:1",
      "--dns-only",
      "--no-blocklists",
    );
    expect(code).toBe(2);
  });

  test("writes Markdown, and a page to a file", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "okmail-"));
    try {
      const page = path.join(folder, "report.html");
      const { stdout } = await okmail(...(await described()), "--markdown", "--html", page);
      expect(stdout).toMatch(/^\*\*A strict receiver takes this mail/);
      expect(elementsOf(readFileSync(page, "utf8")).map(({ name }) => name)).toContain("svg");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("says why the probe can't listen", async () => {
    const taken = await world.tcpServer(() => undefined);
    const { code, stderr } = await okmail(...(await described()), "--probe", `127.0.0.1:${taken.port}`);
    expect([code, stderr]).toEqual([64, expect.stringContaining("can't listen there (EADDRINUSE)")]);
  });

  test("ends at once with 130 on Ctrl-C", async () => {
    const silent = await world.dns({}, () => undefined);
    const args = ["--domain", "example.com", "--address", "192.0.2.10", "--helo", "okmail.example.com"];
    const server = [
      "--resolver",
      `${silent.address}:${silent.port}`,
      "--dns-only",
      "--no-blocklists",
      "--watch",
    ];
    const child = spawn(process.execPath, [program, "verify", ...args, ...server], { stdio: "ignore" });
    await expect.poll(() => silent.asked.length, { timeout: 20_000 }).toBeGreaterThan(0);
    const began = performance.now();
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([130, null]);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
