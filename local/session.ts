import path from "node:path";
import { reportLines } from "../toolchain/engine-step.ts";
import { ensureEngine, type Engine } from "../toolchain/engine.ts";
import { openLocalCloud, type LocalCloud, type LocalCloudOptions } from "./cloud.ts";
import { repairStack } from "./repair-stack.ts";
import { LocalStack, projectFolder } from "./stack.ts";
import { readSurroundings, type Surroundings } from "./stack-file.ts";

/** Where everything of the local cloud lies; nothing else of it is anywhere. */
export const localFolder = path.join(projectFolder, ".okmail", "local");

/** The configuration of the stack on the local cloud. */
export const localConfigFile = path.join(projectFolder, "Pulumi.local.yaml");

export interface SessionOptions {
  /** @default .okmail/local in the project */
  readonly folder?: string;
  /** @default Pulumi.local.yaml */
  readonly configFile?: string | undefined;
  /** @default any free port */
  readonly dnsPort?: number | undefined;
  /** The stack's name. @default "local" */
  readonly stack?: string | undefined;
  /** What makes the declared cloud act. @default processDataPlane */
  readonly dataPlane?: LocalCloudOptions["dataPlane"];
  /** Told what is being done, a line each. */
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** The engine, the local cloud and the stack on it, ready to work. */
export interface Session {
  readonly engine: Engine;
  readonly cloud: LocalCloud;
  readonly stack: LocalStack;
  readonly surroundings: Surroundings;
  close(): Promise<void>;
}

/**
 * Opens the local cloud with the project's stack on it. What an interrupted run has left behind is repaired first.
 *
 * @throws StoreLockedError if another process has the local cloud open
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { folder = localFolder, configFile = localConfigFile, dnsPort, dataPlane, report, signal } = options;
  const surroundings = readSurroundings(configFile);
  const engine = await ensureEngine({
    report: reportLines(report, 1_000),
    ...(signal && { signal }),
  });
  const cloud = await openLocalCloud({ folder, surroundings, dnsPort, dataPlane });
  try {
    const stack = new LocalStack({
      engine,
      folder,
      providers: cloud.providers,
      configFile,
      ...(options.stack !== undefined && { name: options.stack }),
    });
    await repairStack(stack, cloud.store, report);
    await stack.init();
    return { engine, cloud, stack, surroundings, close: () => cloud.close() };
  } catch (error) {
    await cloud.close();
    throw error;
  }
}
