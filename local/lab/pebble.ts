import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runCommand, type RunningCommand } from "../../toolchain/command.ts";
import type { ResourceRecord } from "../dns/record.ts";
import { ACME_ADDRESS, NAME_SERVER_ADDRESS } from "./addresses.ts";
import type { Authority } from "./authority.ts";
import type { LabHost } from "./host.ts";
import type { Lab } from "./lab.ts";

/** An ACME server in the lab (RFC 8555). */
export interface Pebble {
  /** The directory; its certificate is the lab's authority's. */
  readonly directory: string;
  /** The root of the certificates that it issues, PEM; another one each time. */
  root(): Promise<string>;
  close(): Promise<void>;
}

export interface PebbleOptions {
  readonly authority: Authority;
  /** Told what takes long, a line each. */
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const HOSTNAME = "acme.okmail.internal";
/** The directory is where the stack's hosts may go: port 443. */
const PORTS = { directory: 443, management: 15000 };
const FOLDER = "/run/pebble";
const PROGRAM = "/usr/local/bin/pebble";
const PACKAGE = "github.com/letsencrypt/pebble/v2/cmd/pebble";
/** Milliseconds that it may take to listen. */
const START_PATIENCE = 10_000;

/** What the DNS has to say of the ACME server. */
export const acmeRecords: readonly ResourceRecord[] = [
  { name: HOSTNAME, type: "A", ttl: 60, data: ACME_ADDRESS },
];

/** HTTP-01 comes to port 80, as from the authorities of the world. */
const configuration = {
  pebble: {
    listenAddress: `${ACME_ADDRESS}:${PORTS.directory}`,
    managementListenAddress: `${ACME_ADDRESS}:${PORTS.management}`,
    certificate: `${FOLDER}/certificate.pem`,
    privateKey: `${FOLDER}/key.pem`,
    httpPort: 80,
    tlsPort: 443,
    ocspResponderURL: "",
    externalAccountBindingRequired: false,
  },
};

/** Prints the root certificate; whoever asks is on the same host. */
const ROOT = `
import ssl, urllib.request
url = "https://${ACME_ADDRESS}:${PORTS.management}/roots/0"
print(urllib.request.urlopen(url, context=ssl._create_unverified_context()).read().decode(), end="")
`;

/** Starts Let's Encrypt's test server, strict, on a host of its own; it validates through the lab's DNS. */
export async function startPebble(lab: Lab, options: PebbleOptions): Promise<Pebble> {
  const host = await lab.host("acme", { address: ACME_ADDRESS, packages: [] });
  await build(path.join(host.root, PROGRAM), options);
  const { key, cert } = await options.authority.issue(HOSTNAME, ACME_ADDRESS);
  mkdirSync(path.join(host.root, FOLDER));
  const write = (name: string, content: string) =>
    writeFileSync(path.join(host.root, FOLDER, name), content, { mode: 0o600 });
  write("key.pem", key);
  write("certificate.pem", cert);
  write("config.json", JSON.stringify(configuration));
  // By itself it waits up to 15 s before it validates.
  const command = ["env", "PEBBLE_VA_NOSLEEP=1", PROGRAM, "-strict", "-config", `${FOLDER}/config.json`];
  const daemon = host.spawn([...command, "-dnsserver", `${NAME_SERVER_ADDRESS}:53`]);
  const root = () => host.check(["python3", "-c", ROOT]);
  await listening(host, daemon, root);
  return {
    directory: `https://${HOSTNAME}/dir`,
    root,
    close: () => host.close(),
  };
}

/** Builds it from the Go modules that pebble/go.mod pins. What was compiled once is in Go's own cache. */
async function build(target: string, { report, signal }: PebbleOptions): Promise<void> {
  report("Building Pebble, the ACME server of the lab");
  const args = ["build", "-mod=readonly", "-buildvcs=false", "-ldflags=-s -w", "-o", target, PACKAGE];
  const cwd = path.join(import.meta.dirname, "pebble");
  const env = { ...process.env, GOWORK: "off", CGO_ENABLED: "0" };
  const { code, stderr } = await runCommand("go", args, { cwd, env, signal }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(
      "Pebble is built from Go modules, and Go is not installed: install it (https://go.dev/doc/install)",
    );
  });
  if (code !== 0)
    throw new Error(`go build of Pebble failed: ${stderr.trim().split("\n").slice(-3).join("; ")}`);
}

async function listening(host: LabHost, daemon: RunningCommand, ask: () => Promise<string>): Promise<void> {
  let end: string | undefined;
  daemon.ended.then(
    ({ stdout, stderr }) => (end = (stderr || stdout).trim()),
    (error: unknown) => (end = String(error)),
  );
  const deadline = performance.now() + START_PATIENCE;
  while (!(await isAnswering(ask))) {
    if (end !== undefined || performance.now() > deadline) {
      await host.close();
      throw new Error(`Pebble did not start: ${end ?? "it doesn't listen"}`);
    }
    await sleep(20);
  }
}

function isAnswering(ask: () => Promise<string>): Promise<boolean> {
  return ask().then(
    () => true,
    () => false,
  );
}
