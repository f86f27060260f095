import path from "node:path";
import { expect, test } from "vitest";
import { readArguments } from "../../local/arguments.ts";
import { localFolder } from "../../local/session.ts";

test("without arguments it is the project's own local cloud", () => {
  expect(readArguments([])).toEqual({
    folder: localFolder,
    stack: "local",
    configFile: undefined,
    dnsPort: undefined,
    keep: false,
    force: false,
  });
});

test("folders and files are taken from where the user stands", () => {
  const { folder, configFile, dnsPort } = readArguments([
    "--folder",
    "a",
    "--config-file=b.yaml",
    "--dns-port",
    "5300",
  ]);
  expect([folder, configFile, dnsPort]).toEqual([path.resolve("a"), path.resolve("b.yaml"), 5300]);
});

test.each(["0", "65536", "-1", "53.5", "dns", ""])(
  "--dns-port=%s is refused with what to give instead",
  (port) => {
    expect(() => readArguments([`--dns-port=${port}`])).toThrow(/no port\. Give a number from 1 to 65535/);
  },
);

test("an argument that doesn't exist is refused by name", () => {
  expect(() => readArguments(["--ports"])).toThrow(/--ports/);
});
