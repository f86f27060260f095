import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { labDataPlane, type LabDataPlane } from "../../local/lab/lab-data-plane.ts";
import type { Guest } from "../../local/lab/guest.ts";
import { sendTestMessage } from "../../local/send-test-message.ts";
import { openSession } from "../../local/session.ts";
import type { Row } from "../benchmark.ts";

/** The stack's own host in a lab, which has sent a first message to the strict receiver. */
export interface MailHost {
  readonly plane: LabDataPlane;
  readonly guest: Guest;
  readonly domain: string;
  /** Seconds since `pulumi up` began. */
  readonly seconds: { readonly deployed: number; readonly booted: number; readonly accepted: number };
  close(): Promise<void>;
}

/** Where no lab can run, a row that says so in place of measurements. */
export function skipped(hindrance: string): readonly Row[] {
  return [{ skipped: hindrance }];
}

/** Opens a lab, deploys the stack into it by `pulumi up`, and sends a message from the host. */
export async function openMailHost(report: (line: string) => void): Promise<MailHost> {
  const folder = mkdtempSync(path.join(tmpdir(), "okmail-bench-"));
  let plane: LabDataPlane | undefined;
  const session = await openSession({
    folder,
    stack: "lab",
    report,
    dataPlane: async (options) => (plane = await labDataPlane({ ...options, report })),
  }).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const close = async () => {
    await session.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    if (plane === undefined) throw new Error("there is no lab");
    const lab = plane;
    const start = performance.now();
    const since = () => (performance.now() - start) / 1000;
    const { succeeded, errors, outputs } = await session.stack.up();
    if (!succeeded) throw new Error(errors.join("\n"));
    const deployed = since();
    const [host] = outputs.hosts as readonly { readonly helo: string; readonly instanceId: string }[];
    if (host === undefined) throw new Error("the stack declares no host");
    await lab.settle();
    const booted = since();
    const guest = await lab.guest(host.instanceId);
    await guest.check(["timeout", "60", "sh", "-c", KEY_IS_THERE]);
    const { domain } = session.surroundings;
    const { attempt, held } = await sendTestMessage(lab, { ...host, domain });
    if (attempt?.outcome !== "accepted")
      throw new Error(`The host's first message was not accepted: ${held ?? attempt?.reply?.text ?? ""}`);
    return { plane: lab, guest, domain, seconds: { deployed, booted, accepted: since() }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The host fetches its key when it has booted; until then OpenDKIM has mail wait, in `maildrop` for a minute. */
const KEY_IS_THERE = "until ls /etc/dkimkeys/*.pem > /dev/null 2>&1; do sleep 0.1; done";
