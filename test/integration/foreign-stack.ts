import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { openLocalCloud, type LocalCloud } from "../../local/cloud.ts";
import { LocalStack, projectFolder } from "../../local/stack.ts";
import { ensureEngine } from "../../toolchain/engine.ts";

/** What a stack does that is none of ours; see foreign-stack/index.ts. */
export interface ForeignVariant {
  /** What Postfix says in HELO. @default out.example.com */
  readonly helo?: string;
  /** @default out.example.com */
  readonly ptr?: string;
  /** Content of the A record of out.example.com. @default the Elastic IP's address */
  readonly a?: string;
  /** Whether the A record comes last. @default it comes first */
  readonly aLast?: boolean;
  readonly proxied?: boolean;
  /** Text of the SPF record. @default permits the Elastic IP's address */
  readonly spf?: string;
  /** @default out.example.com */
  readonly mx?: string;
}

export interface ForeignStack {
  readonly folder: string;
  readonly cloud: LocalCloud;
  readonly stack: LocalStack;
  /** Writes the stack's configuration. */
  become(variant: ForeignVariant): void;
  close(): Promise<void>;
}

const zone = { id: "023e105f4ecef8ad9ca31a8372d0c353", name: "example.com" };

/** A stack of raw aws and cloudflare resources on a local cloud of its own, all in a new folder. */
export async function openForeignStack(variant: ForeignVariant = {}): Promise<ForeignStack> {
  const engine = await ensureEngine({ report: (step) => console.log(step) });
  const folder = mkdtempSync(path.join(tmpdir(), "okmail-foreign-"));
  const program = path.join(folder, "program");
  cpSync(path.join(import.meta.dirname, "foreign-stack"), program, { recursive: true });
  symlinkSync(path.join(projectFolder, "node_modules"), path.join(program, "node_modules"), "junction");
  const configFile = path.join(folder, "Pulumi.local.yaml");
  const become = (config: ForeignVariant) => {
    const salt = /^encryptionsalt: (.*)$/m.exec(
      readFileSync(path.join(projectFolder, "Pulumi.local.yaml"), "utf8"),
    )?.[1];
    writeFileSync(
      configFile,
      stringify({
        encryptionsalt: salt,
        config: { "aws:region": "eu-central-1", "okmail:zoneId": zone.id, "okmail:variant": config },
      }),
    );
  };
  become(variant);
  const cloud = await openLocalCloud({ folder, surroundings: { region: "eu-central-1", zone } });
  const stack = new LocalStack({ engine, folder, providers: cloud.providers, configFile, program });
  await stack.init();
  return {
    folder,
    cloud,
    stack,
    become,
    close: async () => {
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
