// What is in the npm package of the policy pack. That it runs is in test/integration/policy-package.test.ts.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import project from "../../package.json" with { type: "json" };
import sources from "../../policy/package.json" with { type: "json" };
import { packPolicy } from "../../policy/npm/package.ts";
import { filesIn, unpack } from "./tarball.ts";

const projectFolder = path.join(import.meta.dirname, "..", "..");
const policyFolder = path.join(projectFolder, "policy");
const folder = mkdtempSync(path.join(tmpdir(), "okmail-package-"));
const unpacked = path.join(folder, "package");
let files: readonly string[];

beforeAll(async () => {
  files = unpack(await packPolicy(folder), unpacked);
}, 120_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const textOf = (file: string) => readFileSync(path.join(unpacked, file), "utf8");
const scripts = () => files.filter((file) => file.endsWith(".js"));
const importsOf = (text: string) => ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);

/** The modules of the project that a file needs, itself among them, by their paths in the project. */
function modulesOf(entry: string, found = new Set<string>()): Set<string> {
  if (found.has(entry)) return found;
  found.add(entry);
  for (const imported of importsOf(readFileSync(path.join(projectFolder, entry), "utf8")))
    if (imported.startsWith(".")) modulesOf(path.posix.join(path.posix.dirname(entry), imported), found);
  return found;
}

describe("the package", () => {
  it("holds the pack's modules, compiled, with what a package and a pack need, and nothing else", () => {
    const compiled = [...modulesOf("policy/pack.ts")].map((file) => `dist/${file.replace(/\.ts$/, ".js")}`);
    const others = ["LICENSE", "PulumiPolicy.yaml", "README.md", "index.js", "package.json"];
    expect(files).toEqual([...compiled, ...others].toSorted());
  });

  it("has every module of the folder policy but those that make the package", () => {
    const modules = filesIn(policyFolder).filter((file) => file.endsWith(".ts") && !file.startsWith("npm/"));
    expect(files.filter((file) => file.startsWith("dist/policy/"))).toEqual(
      modules.map((file) => `dist/policy/${file.replace(/\.ts$/, ".js")}`).toSorted(),
    );
  });

  it("imports only its own files, what it depends on, and Node; and depends on nothing else", () => {
    const outside = new Set<string>();
    for (const file of scripts()) {
      for (const imported of importsOf(textOf(file))) {
        if (imported.startsWith("."))
          expect(files, file).toContain(path.posix.join(path.posix.dirname(file), imported));
        else outside.add(packageOf(imported));
      }
    }
    const foreign = [...outside].filter((name) => !builtinModules.includes(name.replace(/^node:/, "")));
    // The engine starts a pack by a command of the SDK, which it looks for from the pack's folder.
    expect([...foreign, "@pulumi/pulumi"].toSorted()).toEqual(Object.keys(sources.dependencies).toSorted());
  });

  it("names no folder of this project's checkout, and no sources that it lacks", () => {
    expect(files.filter((file) => textOf(file).includes(projectFolder))).toEqual([]);
    expect(files.filter((file) => textOf(file).includes("sourceMappingURL"))).toEqual([]);
  });

  it("has the texts of the sources", () => {
    expect(textOf("README.md")).toBe(readFileSync(path.join(policyFolder, "README.md"), "utf8"));
    expect(textOf("PulumiPolicy.yaml")).toBe(
      readFileSync(path.join(policyFolder, "PulumiPolicy.yaml"), "utf8"),
    );
    expect(textOf("LICENSE")).toBe(readFileSync(path.join(projectFolder, "LICENSE"), "utf8"));
  });

  it("is described as the sources are, without the script that keeps those from being packed", () => {
    expect(sources.scripts).toEqual({
      prepack: expect.stringMatching(/npm run pack:policy && exit 1$/) as string,
    });
    expect(JSON.parse(textOf("package.json"))).toEqual({ ...sources, scripts: undefined });
    expect(sources).not.toHaveProperty("private");
  });
});

describe("policy/package.json", () => {
  const tested: Readonly<Record<string, string>> = { ...project.devDependencies, ...project.dependencies };

  it("has the project's version and licence", () => {
    expect([sources.version, sources.license]).toEqual([project.version, project.license]);
  });

  it.each(Object.entries(sources.dependencies))(
    "asks for %s %s, which has the version tested here",
    (name, range) => {
      expect(admits(range, tested[name] ?? "none")).toBe(true);
    },
  );

  // The pack builds on how these two work inside: when policies are asked for their functions, and a sub-path.
  it.each(["@pulumi/policy", "mailauth"] as const)(
    "asks for exactly the version of %s tested here",
    (name) => {
      expect(sources.dependencies[name]).toBe(tested[name]);
    },
  );
});

/** `@pulumi/policy/x` -> `@pulumi/policy`, `mailauth/lib/spf/index.js` -> `mailauth` */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Whether a range, `1.2.3` or `^1.2.3` from 1.0.0 on, has a version. */
function admits(range: string, version: string): boolean {
  const least = range.replace(/^\^/, "");
  if (least === range) return range === version;
  const sameMajor = least.split(".")[0] === version.split(".")[0];
  return sameMajor && version.localeCompare(least, "en", { numeric: true }) >= 0;
}
