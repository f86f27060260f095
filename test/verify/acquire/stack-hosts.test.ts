import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { projectFolder } from "../../../local/stack.ts";
import { ListedAddresses } from "../../../verify/acquire/listed-addresses.ts";
import { readStackHosts, writeAllocation } from "../../../verify/acquire/stack-hosts.ts";

const id = "eipalloc-0a1b2c3d4e5f60718";
let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "okmail-acquire-"));
  file = path.join(folder, "Pulumi.test.yaml");
});
afterAll(() => rmSync(folder, { recursive: true }));

const comments = (text: string) => Array.from(text.matchAll(/#.*$/gm), ([comment]) => comment);

describe("an allocation written into a stack's configuration", () => {
  test("changes nothing else of the project's own file for production, whatever it comments on", async () => {
    const text = readFileSync(path.join(projectFolder, "Pulumi.prod.yaml"), "utf8");
    writeFileSync(file, text);
    await writeAllocation(file, "okmail", id);
    const written = readFileSync(file, "utf8");
    expect(comments(written)).toEqual(comments(text));
    expect(parse(written)).toEqual({
      config: {
        ...(parse(text) as { config: object }).config,
        "okmail:hosts": { okmail: { allocationId: id } },
      },
    });
    expect(await readStackHosts(file)).toEqual({ region: "eu-central-1", hosts: new Map([["okmail", id]]) });
    expect(readdirSync(folder)).toEqual(["Pulumi.test.yaml"]);
  });

  test.each([
    [
      "of a host with settings",
      "config:\n  okmail:hosts:\n    okmail:\n      name: mail # why\n    two: {}\n",
    ],
    ["of a host without a value", "config:\n  okmail:hosts:\n    okmail:\n    two: {}\n"],
    ["of hosts in one line", "config:\n  okmail:hosts: { okmail: {}, two: {} } # both\n"],
    [
      "in place of another",
      `config:\n  okmail:hosts:\n    okmail: { allocationId: eipalloc-0 }\n    two: {}\n`,
    ],
  ])("%s leaves the other host alone", async (_, text) => {
    writeFileSync(file, text);
    await writeAllocation(file, "okmail", id);
    const written = readFileSync(file, "utf8");
    expect(comments(written)).toEqual(comments(text));
    const { hosts } = await readStackHosts(file);
    expect(hosts).toEqual(
      new Map([
        ["okmail", id],
        ["two", undefined],
      ]),
    );
  });

  test.each([
    ["nothing", ""],
    ["a config without settings", "config:\n"],
  ])("begins with %s", async (_, text) => {
    writeFileSync(file, text);
    expect((await readStackHosts(file)).hosts).toEqual(new Map([["okmail", undefined]]));
    await writeAllocation(file, "okmail", id);
    expect(parse(readFileSync(file, "utf8"))).toEqual({
      config: { "okmail:hosts": { okmail: { allocationId: id } } },
    });
  });

  test.each([
    ["no map of hosts", "config:\n  okmail:hosts: [okmail]\n", "is no map of hosts"],
    ["a list", "- config\n", "is no stack's configuration"],
    ["broken", "config: {\n", "is no YAML"],
  ])("is refused where the file is %s", async (_, text, message) => {
    writeFileSync(file, text);
    await expect(readStackHosts(file)).rejects.toThrow(message);
  });
});

describe("listed addresses", () => {
  const day = 24 * 3_600_000;

  test("are remembered for 30 days", async () => {
    const memory = path.join(folder, "new", "listed.json");
    const first = await ListedAddresses.open(memory);
    await first.remember("192.0.2.1", ["one.test"], 0);
    await first.remember("192.0.2.2", ["two.test"], 10 * day);
    const later = await ListedAddresses.open(memory, 35 * day);
    expect([later.zonesOf("192.0.2.1"), later.zonesOf("192.0.2.2")]).toEqual([undefined, ["two.test"]]);
    rmSync(path.dirname(memory), { recursive: true });
  });

  test("are not guessed from a file that is something else", async () => {
    writeFileSync(file, "{}");
    await expect(ListedAddresses.open(file)).rejects.toThrow(
      "is not what okmail acquire remembers; remove it",
    );
  });
});
