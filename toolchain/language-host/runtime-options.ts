import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb.js";
import { splitWords } from "./words.ts";

/** What `runtime.options` in Pulumi.yaml may say; the names are those of the official host. */
export interface RuntimeOptions {
  /** Whether the SDK compiles TypeScript itself, by ts-node. @default true */
  readonly typescript: boolean;
  /** The tsconfig.json for that. @default the one in the program's folder */
  readonly tsconfig: string | undefined;
  /** Arguments for Node itself. @default none */
  readonly nodeArguments: readonly string[];
}

/** @throws Error that names the option and what it must be */
export function runtimeOptions(options: Record<string, JavaScriptValue>): RuntimeOptions {
  const { typescript = true, tsconfig, nodeargs = "" } = options;
  if (typeof typescript !== "boolean") throw mustBe("typescript", "true or false", typescript);
  if (tsconfig !== undefined && typeof tsconfig !== "string") throw mustBe("tsconfig", "a path", tsconfig);
  if (typeof nodeargs !== "string") throw mustBe("nodeargs", "a text", nodeargs);
  return { typescript, tsconfig, nodeArguments: splitWords(nodeargs) };
}

/** The options as the SDK's runners take them: from the environment. */
export function optionVariables({ typescript, tsconfig }: RuntimeOptions): NodeJS.ProcessEnv {
  return {
    ...(typescript && { PULUMI_NODEJS_TYPESCRIPT: "true" }),
    ...(tsconfig !== undefined && { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
  };
}

function mustBe(name: string, what: string, value: JavaScriptValue): Error {
  return new Error(`runtime option "${name}" must be ${what}, and is ${JSON.stringify(value)}`);
}
