import { setTimeout as sleep } from "node:timers/promises";
import { AWS_TYPES } from "../../local/aws/types.ts";
import type { Guest } from "../../local/lab/guest.ts";
import type { LabHost } from "../../local/lab/host.ts";
import { labDataPlane, type LabDataPlane } from "../../local/lab/lab-data-plane.ts";
import type { Operation } from "../../local/operation.ts";
import { openTestStack, removeFolder, type TestStack } from "../integration/local-stack.ts";

/** A mail host as the stack's output `hosts` tells of it. */
export interface DeclaredHost {
  readonly helo: string;
  readonly address: string;
  readonly allocationId: string;
  readonly instanceId: string;
  readonly queueVolumeId: string;
}

/** A finding of `okmail status`. */
export interface StatusFinding {
  readonly subject: string;
  readonly severity: "ok" | "warning" | "critical";
  readonly says: string;
}

/** The project's own stack in a lab: the real engine, and a host that boots what the stack declares for it. */
export interface HostLab {
  readonly stack: TestStack;
  readonly plane: LabDataPlane;
  /** What the lab reported. */
  readonly reports: readonly string[];
  /** `pulumi up`; resolves to the one host that there is then, when it has booted. */
  up(): Promise<{ readonly operation: Operation; readonly host: DeclaredHost; readonly guest: Guest }>;
  /** The first machine that `up` makes, as soon as it is on. */
  poweredOn(): Promise<Guest>;
  /** A host of somebody else, which has Python. */
  outsider(): Promise<LabHost>;
  close(): Promise<void>;
}

/** `settings` are of the stack's configuration: `okmail:dkim` and so on. */
export async function openHostLab(settings: Readonly<Record<string, unknown>> = {}): Promise<HostLab> {
  const reports: string[] = [];
  const report = (line: string) => void reports.push(line);
  let plane: LabDataPlane | undefined;
  const stack = await openTestStack(undefined, undefined, {
    dataPlane: async (options) => (plane = await labDataPlane({ ...options, report })),
  });
  if (plane === undefined) throw new Error("there is no lab");
  const lab = plane;
  for (const [key, value] of Object.entries(settings)) stack.set(key, value);
  return {
    stack,
    plane: lab,
    reports,
    up: async () => {
      const operation = await stack.session.stack.up();
      if (!operation.succeeded) throw new Error(operation.errors.join("\n"));
      const [host] = operation.outputs.hosts as readonly DeclaredHost[];
      if (host === undefined) throw new Error("the stack declares no host");
      await lab.settle();
      return { operation, host, guest: await lab.guest(host.instanceId) };
    },
    poweredOn: async () => {
      for (;;) {
        const [instance] = stack.session.cloud.store.list(AWS_TYPES.instance);
        const guest = instance && (await lab.guest(instance.id).catch(() => undefined));
        if (guest !== undefined) return guest;
        await sleep(50);
      }
    },
    outsider: () => lab.lab.host("outsider", { address: "203.0.113.77", packages: [] }),
    close: async () => {
      await stack.close();
      removeFolder(stack.folder);
    },
  };
}

/** What `okmail status` says. */
export interface HostStatus {
  /** The exit code. */
  readonly code: number | null;
  readonly findings: readonly StatusFinding[];
  /** Those that aren't ok. */
  readonly wrong: readonly StatusFinding[];
}

/** Runs `okmail status` on a host; programs in `folder` come before the host's own. */
export async function statusOf(guest: Guest, folder = "/usr/local/bin"): Promise<HostStatus> {
  const path = `PATH=${folder}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
  const { code, stdout, stderr } = await guest.run(["env", path, "okmail", "status", "--json"]);
  if (stderr !== "") throw new Error(stderr);
  const findings = JSON.parse(stdout) as StatusFinding[];
  return { code, findings, wrong: findings.filter(({ severity }) => severity !== "ok") };
}
