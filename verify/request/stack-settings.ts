import { readFile } from "node:fs/promises";
import { parse } from "yaml";

/** What of a stack's configuration says how unwanted mail is kept from leaving. */
export interface StackSettings {
  readonly region: string | undefined;
  /** undefined: nothing listens for applications. */
  readonly submission: { readonly users: readonly string[]; readonly messagesPerHour: number } | undefined;
  /** Whether bounces and replies come to the hosts. */
  readonly receivesMail: boolean;
  /** Where the hosts forward them; undefined: a mailbox on the host. */
  readonly bounceAddress: string | undefined;
}

/** @throws Error naming the file, if it can't be read or has faults */
export async function readStackSettings(file: string): Promise<StackSettings> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new Error(
      `${file} can't be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); ` +
        "--config-file names the stack's configuration",
      { cause: error },
    );
  }
  // Only here: they bring the engine's SDK along, which takes long to load.
  const [{ parseConfiguration }, { describeFaults }] = await Promise.all([
    import("../../config.ts"),
    import("../../config-faults.ts"),
  ]);
  const { config } = (parse(text) ?? {}) as { config?: Readonly<Record<string, unknown>> };
  const raw = Object.fromEntries(
    Object.entries(config ?? {}).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
  const { configuration, faults } = parseConfiguration(raw, process.env.AWS_REGION);
  if (configuration === undefined) throw new Error(`${file}: ${describeFaults(faults)}`);
  const { submission, mailExchangers, bounceAddress } = configuration;
  return {
    region: raw["aws:region"] ?? process.env.AWS_REGION,
    submission,
    receivesMail: mailExchangers.length === 0,
    bounceAddress,
  };
}
