import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { downloadOfficial } from "../../toolchain/download.ts";
import type { EngineStep } from "../../toolchain/engine-step.ts";
import { temporaryFolder } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 30_000 }); // It starts processes, perhaps on a busy machine.

/** Runs the download with `script` in the place of the official install script. */
function download(script: string, options: { stallLimit?: number; signal?: AbortSignal } = {}) {
  const folder = temporaryFolder();
  const steps: EngineStep[] = [];
  const fetchText = vi.fn<(url: string) => Promise<string>>(() => Promise.resolve(script));
  const done = downloadOfficial(folder, {
    version: "3.259.0",
    report: (step) => steps.push(step),
    env: process.env,
    fetchText,
    ...options,
  });
  return { folder, steps, fetchText, done };
}

/** What the official script does, in small. */
const installer = `
while [ $# -gt 0 ]; do
  case "$1" in
    --install-root) root="$2"; shift ;;
    --version) version="$2"; shift ;;
  esac
  shift
done
archive=$(mktemp -t pulumi.XXXXXX)
head -c 3000000 /dev/zero > "$archive"
mkdir -p "$root/bin"
echo "echo v$version" > "$root/bin/pulumi"
touch "$root/bin/pulumi-language-nodejs"
`;

test("runs the official install script for the version, into the folder", async () => {
  const { folder, fetchText, done } = download(installer);
  await done;
  expect(fetchText.mock.calls).toEqual([["https://get.pulumi.com/install.sh"]]);
  expect(readFileSync(path.join(folder, "bin/pulumi"), "utf8")).toBe("echo v3.259.0\n");
  expect(readdirSync(path.join(folder, "bin"))).toContain("pulumi-language-nodejs");
});

test("keeps the archive within the folder too, and reports its growth", async () => {
  const { folder, steps, done } = download(`${installer}\nsleep 0.4`, { stallLimit: 1_000 });
  await done;
  expect(readdirSync(path.join(folder, "tmp")).some((name) => name.startsWith("pulumi."))).toBe(true);
  const bytes = steps.map((step) => (step.kind === "downloading" ? step.bytes : NaN));
  expect(bytes.at(-1)).toBeGreaterThan(3_000_000);
  expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
});

test("may take much longer than the limit as long as it moves", async () => {
  const slow = `for i in 1 2 3 4 5 6 7 8; do sleep 0.4; echo $i >> "$TMPDIR/archive"; done`;
  const { done } = download(slow, { stallLimit: 1_500 });
  await expect(done).resolves.toBeUndefined();
});

test("fails when nothing comes any more, and ends what it has started", async () => {
  const hanging = `( sleep 2; touch "$TMPDIR/../survivor" ) & echo half > "$TMPDIR/archive"; sleep 30`;
  const { folder, done } = download(hanging, { stallLimit: 300 });
  await expect(done).rejects.toThrow("nothing came for 0.3 seconds");
  await new Promise((resolve) => setTimeout(resolve, 2_200));
  expect(existsSync(path.join(folder, "survivor"))).toBe(false);
});

test.each([
  [
    "of the script",
    `echo "+ Downloading"; echo "error: failed to download" >&2; exit 1`,
    "error: failed to download",
  ],
  ["of a script that speaks to standard output", `echo "no such version"; exit 1`, "no such version"],
  ["of a script that says nothing", "exit 1", "the install script failed and did not say why"],
])("fails with the error %s", async (_, script, reason) => {
  await expect(download(script).done).rejects.toThrow(reason);
});

test("fails at once when the install script can't be fetched", async () => {
  const fetchText = () => Promise.reject(new Error("getaddrinfo ENOTFOUND get.pulumi.com"));
  const options = { version: "3.259.0", report: () => undefined, env: process.env, fetchText };
  await expect(downloadOfficial(temporaryFolder(), options)).rejects.toThrow("ENOTFOUND");
});

test("ends with the signal's reason", async () => {
  const stop = AbortSignal.timeout(200);
  const started = Date.now();
  await expect(download("sleep 30", { signal: stop }).done).rejects.toThrow("timeout");
  expect(Date.now() - started).toBeLessThan(5_000);
});
