import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "../../toolchain/command.ts";
import { NAME_SERVER_ADDRESS } from "../../local/lab/addresses.ts";
import { createAuthority } from "../../local/lab/authority.ts";
import { trustFiles } from "../../local/lab/aws-services.ts";
import { startLabDns, withRecords, type LabDns } from "../../local/lab/dns.ts";
import type { LabHost } from "../../local/lab/host.ts";
import { openLab, type Lab } from "../../local/lab/lab.ts";
import { acmeRecords, startPebble, type Pebble } from "../../local/lab/pebble.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import { internet, SENDER } from "./internet.ts";

const withoutGo = await runCommand("go", ["version"]).then(
  () => undefined,
  () => "Go is not installed",
);
// CI has Go, and must not pass without.
const hindrance = labHindrance() ?? (process.env.CI === undefined ? withoutGo : undefined);
if (hindrance !== undefined) console.warn(`SKIPPED, the lab's ACME server: ${hindrance}`);

describe.skipIf(hindrance !== undefined)("the lab's ACME server", () => {
  let lab: Lab;
  let dns: LabDns;
  let pebble: Pebble;
  let host: LabHost;

  beforeAll(async () => {
    const report = (line: string) => console.log(line);
    lab = await openLab({ report });
    const zones = withRecords(internet(), acmeRecords);
    dns = await startLabDns(lab, { zones: () => zones, serial: () => 1 });
    const authority = await createAuthority(lab);
    pebble = await startPebble(lab, { authority, report });
    host = await lab.host("okmail", { address: SENDER, packages: ["certbot"] });
    for (const { path, content, append } of trustFiles(authority))
      writeFileSync(join(host.root, path), content, { flag: append ? "a" : "w" });
    writeFileSync(join(host.root, "/etc/resolv.conf"), `nameserver ${NAME_SERVER_ADDRESS}\n`);
  }, 400_000);

  afterAll(async () => {
    await dns.close();
    await lab.close();
  }, 60_000);

  const certbot = (domain: string) =>
    host.run([
      ...["certbot", "certonly", "--standalone", "--non-interactive", "--agree-tos"],
      ...["--register-unsafely-without-email", "--server", pebble.directory, "--domain", domain],
    ]);

  test("gives Debian's certbot a certificate for the name that leads to it", async () => {
    const { code, stdout, stderr } = await certbot("okmail.example.com");
    expect({ code, output: stdout + stderr }).toMatchObject({ code: 0 });

    const chain = await host.check(["cat", "/etc/letsencrypt/live/okmail.example.com/fullchain.pem"]);
    const [leaf, issuer] = chain.match(/-----BEGIN[^]*?END CERTIFICATE-----/g) ?? [];
    const root = new X509Certificate(await pebble.root());
    expect(new X509Certificate(leaf ?? "").checkHost("okmail.example.com")).toBe("okmail.example.com");
    expect(new X509Certificate(issuer ?? "").verify(root.publicKey)).toBe(true);
  });

  test("gives none for a name that leads elsewhere", async () => {
    const { code, stdout, stderr } = await certbot("example.net");

    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/example\.net/);
  });
});
