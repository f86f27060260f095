import { expect, test } from "vitest";
import { optionVariables, runtimeOptions } from "../../../toolchain/language-host/runtime-options.ts";

test("by default the SDK compiles TypeScript, and Node has no arguments", () => {
  expect(runtimeOptions({})).toEqual({ typescript: true, tsconfig: undefined, nodeArguments: [] });
});

test.each([
  [{ typescript: "no" }, 'runtime option "typescript" must be true or false, and is "no"'],
  [{ tsconfig: 1 }, 'runtime option "tsconfig" must be a path, and is 1'],
  [{ nodeargs: ["--inspect"] }, 'runtime option "nodeargs" must be a text, and is ["--inspect"]'],
])("%j is refused: %s", (options, message) => {
  expect(() => runtimeOptions(options)).toThrow(message);
});

test.each([
  [{}, { PULUMI_NODEJS_TYPESCRIPT: "true" }],
  [{ typescript: false }, {}],
  [{ typescript: false, tsconfig: "a.json" }, { PULUMI_NODEJS_TSCONFIG_PATH: "a.json" }],
  [{ packagemanager: "npm", typescript: false }, {}],
])("%j is told to the SDK by %j", (options, variables) => {
  expect(optionVariables(runtimeOptions(options))).toEqual(variables);
});
