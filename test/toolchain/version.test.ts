import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import cli from "pulumi/package.json" with { type: "json" };
import sdk from "@pulumi/pulumi/package.json" with { type: "json" };
import { requiredGo } from "../../toolchain/go-build.ts";
import { engineVersion } from "../../toolchain/version.ts";

const goMod = readFileSync(new URL("../../toolchain/engine/go.mod", import.meta.url), "utf8");

test("the engine's version is exact", () => {
  expect(engineVersion).toMatch(/^\d+\.\d+\.\d+$/);
});

test.each([
  ["the npm package `pulumi` that is installed", cli.version],
  ["the SDK that package.json asks for", manifest.dependencies["@pulumi/pulumi"]],
  ["the SDK that is installed", sdk.version],
  ["the CLI's source in go.mod", goModule("github.com/pulumi/pulumi/pkg/v3")],
  ["the engine's source in go.mod", goModule("github.com/pulumi/pulumi/sdk/v3")],
])("%s has the engine's version", (_, version) => {
  expect(version).toBe(engineVersion);
});

test("the oldest Go that builds the engine is that of go.mod", () => {
  expect(goMod).toContain(`\ngo ${requiredGo()}\n`);
  expect(requiredGo()).toMatch(/^1\.\d+(\.\d+)?$/);
});

function goModule(name: string): string | undefined {
  return goMod
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/^require /, "")
        .split(" "),
    )
    .find(([module]) => module === name)?.[1]
    ?.replace(/^v/, "");
}
