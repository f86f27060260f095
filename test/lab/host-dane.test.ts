import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NAME_SERVER_ADDRESS } from "../../local/lab/addresses.ts";
import type { Guest } from "../../local/lab/guest.ts";
import type { LabHost } from "../../local/lab/host.ts";
import { startPebble } from "../../local/lab/pebble.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import { runCommand } from "../../toolchain/command.ts";
import { openHostLab, statusOf, type DeclaredHost, type HostLab } from "./host-lab.ts";

const withoutGo = await runCommand("go", ["version"]).then(
  () => undefined,
  () => "Go is not installed",
);
// CI has Go, and must not pass without.
const hindrance = labHindrance() ?? (process.env.CI === undefined ? withoutGo : undefined);
if (hindrance !== undefined) console.warn(`SKIPPED, the host's TLSA records in the lab: ${hindrance}`);

/** Runs `okmail certificate` with a clock that is years ahead: what the authority gave has come to its end. */
const YEARS_LATER = `
import runpy, sys, time
real = time.time
time.time = lambda: real() + 20 * 365 * 86400
sys.argv = ["okmail", "certificate"]
sys.path.insert(0, "/usr/local/lib/okmail")
runpy.run_path("/usr/local/lib/okmail")
`;

/** Ends once a resolver listens on this host. */
const RESOLVER_ANSWERS = `
import socket, time
while True:
    try:
        socket.create_connection(("127.0.0.1", 53)).close()
        break
    except OSError:
        time.sleep(0.05)
`;

/** What a sender that follows DANE finds. */
interface Handshake {
  /** Whether the certificate is one that a TLSA record tells of. */
  readonly verified: boolean;
  readonly certificate: X509Certificate;
}

// In order: each test takes the host as the one before has left it.
describe.skipIf(hindrance !== undefined)("the stack's host with DANE", () => {
  let lab: HostLab;
  let host: DeclaredHost;
  let guest: Guest;
  let outsider: LabHost;
  let directory: string;

  beforeAll(async () => {
    lab = await openHostLab({ "okmail:dane": {} });
    const { lab: network, authority } = lab.plane;
    ({ directory } = await startPebble(network, { authority, report: (line) => console.log(line) }));
    lab.stack.set("okmail:tls", { certificate: "acme", acmeDirectory: directory });
    outsider = await lab.outsider();
    ({ host, guest } = await lab.up());
    // Pebble is compiled, and an image may have to be made.
  }, 600_000);
  afterAll(() => lab.close());

  /** The TLSA records as the lab's DNS has them. */
  async function published(): Promise<string[]> {
    const records = await lab.plane.resolver.resolveTlsa(`_25._tcp.${host.helo}`);
    return records.map(
      ({ certUsage, selector, match, data }) =>
        `${certUsage} ${selector} ${match} ${Buffer.from(data).toString("hex")}`,
    );
  }

  /** STARTTLS on port 25 as RFC 7672 asks for it, by records that OpenSSL judges. */
  async function handshake(records: readonly string[]): Promise<Handshake> {
    const { stdout } = await outsider.run(
      [
        ...["openssl", "s_client", "-starttls", "smtp", "-connect", `${host.address}:25`, "-showcerts"],
        ...["-name", "sender.example.net", "-servername", host.helo],
        ...["-dane_tlsa_domain", host.helo, "-dane_ee_no_namechecks"],
        ...records.flatMap((record) => ["-dane_tlsa_rrdata", record]),
      ],
      { input: "QUIT\r\n" },
    );
    const [pem = stdout] = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(stdout) ?? [];
    return {
      verified: /^Verify return code: 0 \(ok\)$/m.test(stdout) && stdout.includes("DANE TLSA 3 1 1"),
      certificate: new X509Certificate(pem),
    };
  }

  const certificateOf = (handshakes: Handshake) => handshakes.certificate;

  test("shows the key that its record tells of from the start, whoever made the certificate", async () => {
    const records = await published();
    expect(records).toEqual([expect.stringMatching(/^3 1 1 [0-9a-f]{64}$/)]);
    expect(await handshake(records)).toMatchObject({ verified: true });
    const [another = ""] = records.map((record) =>
      record.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
    );
    expect(await handshake([another])).toMatchObject({ verified: false });
  });

  test("has the authority's certificate for that key", async () => {
    const records = await published();
    await expect
      .poll(async () => certificateOf(await handshake(records)).issuer, { timeout: 120_000, interval: 1000 })
      .toContain("Pebble");
    const { verified, certificate } = await handshake(records);
    expect(verified).toBe(true);
    expect(certificate.checkHost(host.helo)).toBe(host.helo);
    const status = async () =>
      (await statusOf(guest)).findings.filter(({ subject }) => subject === "tls certificate");
    await expect
      .poll(status, { timeout: 60_000, interval: 1000 })
      .toMatchObject([{ severity: "ok", says: expect.stringMatching(/^ends in \d+ days$/) as string }]);
  });

  test("keeps it as long as it lasts, and shows the same key in the one after it", async () => {
    const records = await published();
    const { certificate: first } = await handshake(records);
    await guest.check(["systemctl", "start", "okmail-certificate.service"]);
    expect(certificateOf(await handshake(records)).serialNumber).toBe(first.serialNumber);

    await guest.check(["python3", "-c", YEARS_LATER]);
    const renewed = await handshake(records);
    expect(renewed.verified).toBe(true);
    expect(renewed.certificate.serialNumber).not.toBe(first.serialNumber);
    expect(renewed.certificate.issuer).toContain("Pebble");
    expect(await published()).toEqual(records);
  });

  test("changes its key in three deploys, and always shows one that is published", async () => {
    const before = await published();
    const instance = guest.instanceId;
    lab.stack.set("okmail:dane", { key: "key1", standbyKey: "key2" });
    ({ host, guest } = await lab.up());
    expect(guest.instanceId).toBe(instance);
    const both = await published();
    expect(both).toEqual(expect.arrayContaining(before));
    expect(both).toHaveLength(2);
    expect(await handshake(before)).toMatchObject({ verified: true });

    lab.stack.set("okmail:dane", { key: "key2", standbyKey: "key1" });
    ({ host, guest } = await lab.up());
    expect((await published()).toSorted()).toEqual(both.toSorted());
    expect(await handshake(both)).toMatchObject({ verified: true });
    const after = both.filter((record) => !before.includes(record));
    await expect
      .poll(async () => (await handshake(after)).verified, { timeout: 120_000, interval: 1000 })
      .toBe(true);
    await expect
      .poll(async () => certificateOf(await handshake(after)).issuer, { timeout: 120_000, interval: 1000 })
      .toContain("Pebble");

    lab.stack.set("okmail:dane", { key: "key2" });
    ({ host, guest } = await lab.up());
    expect(await published()).toEqual(after);
    expect(await handshake(after)).toMatchObject({ verified: true });
  }, 600_000);

  test("is reached by a Postfix that delivers over verified TLS or not at all, once its zone is signed", async () => {
    const sender = await lab.plane.lab.host("sender", {
      address: "203.0.113.78",
      packages: ["postfix", "unbound"],
    });
    const write = (file: string, text: string) => writeFileSync(join(sender.root, file), text);
    write("/etc/resolv.conf", "nameserver 127.0.0.1\noptions edns0 trust-ad\n");
    write(
      "/etc/root.hints",
      `. 60 NS ns.okmail.internal.\nns.okmail.internal. 60 A ${NAME_SERVER_ADDRESS}\n`,
    );
    write(
      "/etc/postfix/main.cf",
      "compatibility_level = 3.10\ninet_protocols = ipv4\nsmtp_dns_support_level = dnssec\nsmtp_host_lookup = dns\n",
    );
    /** What Postfix's own client finds behind the domain's MX, with a resolver that trusts that key. */
    const find = async (anchor: string | undefined) => {
      write("/etc/unbound.conf", resolverOf(anchor));
      const resolver = sender.spawn(["unbound", "-d", "-p", "-c", "/etc/unbound.conf"], {
        keepOutput: false,
      });
      resolver.ended.catch(() => undefined);
      await sender.check(["python3", "-c", RESOLVER_ANSWERS]);
      const { stdout, stderr } = await sender.run(["posttls-finger", "-c", "-l", "dane-only", "example.com"]);
      resolver.kill("SIGKILL");
      await resolver.ended.catch(() => undefined);
      return stdout + stderr;
    };
    expect(await find(undefined)).not.toContain("Verified TLS connection");
    const anchor = await lab.plane.nameServer.sign("example.com");
    expect(await find(anchor)).toContain(
      `Verified TLS connection established to ${host.helo}[${host.address}]:25`,
    );
  });
});

/** Unbound that asks the lab's root, and validates what lies below the anchor. */
function resolverOf(anchor: string | undefined): string {
  return `server:
  interface: 127.0.0.1
  username: ""
  chroot: ""
  do-ip6: no
  use-syslog: no
  module-config: "validator iterator"
  root-hints: /etc/root.hints
${anchor === undefined ? "" : `  trust-anchor: "${anchor}"\n`}`;
}
