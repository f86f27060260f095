import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
    console.log(new Date(), "pebble runs", lab.reports);
    outsider = await lab.outsider();
    setInterval(() => console.log(new Date(), lab.reports.slice(-3)), 20000).unref();
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
      verified: /^Verify return code: 0 \(ok\)$/m.test(stdout) && /DANE TLSA 3 1 1/.test(stdout),
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
    expect(await statusOf(guest)).toMatchObject({ code: 0, wrong: [] });
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
  });
});
