import { X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HostFolder, python } from "./python.ts";

const chain = "/etc/postfix/okmail-tls.pem";
const live = "/etc/letsencrypt/live/okmail.example.com";

/** Stands in for DNS and metadata: the host's name leads to $ADDRESS, and the host has 192.0.2.10. */
const world = `
import names, time
certificate = part("certificate")
host.metadata = lambda path: {"public-ipv4": "192.0.2.10"}[path]
names.look_up = lambda name, kind: os.environ["ADDRESS"].split()
clock = [0]
time.monotonic = lambda: clock[0]
def sleep(seconds): clock[0] += seconds
time.sleep = sleep
`;

describe.skipIf(python === "")("the certificate", { timeout: 60_000 }, () => {
  let host: HostFolder;
  beforeEach(() => {
    host = new HostFolder();
    host.module("names.py", "");
    host.write("/program/names.py", "def look_up(name, kind): raise AssertionError\n");
    host.write("/srv/okmail/empty", "");
    host.command("certbot", `echo "$@" >> ${host.path("/certbot")}`);
  });
  afterEach(() => host[Symbol.dispose]());

  const deploy = () => host.value("", "part('certificate').deploy()");
  const obtain = (address: string) =>
    host.run(`${world}\ntry: certificate.obtain()\nexcept host.Fault as fault: sys.exit(str(fault))`, {
      ADDRESS: address,
    });

  test("is made by the host at first: key and certificate of its name, for root alone", () => {
    expect(deploy()).toBe(true);
    expect(host.read(chain)).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    const certificate = new X509Certificate(host.read(chain));
    expect(certificate.subjectAltName).toBe("DNS:okmail.example.com");
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: "prime256v1" });
    expect(statSync(host.path(chain)).mode & 0o777).toBe(0o600);
  });

  test("is the same on the next boot and on the next instance, which has the volume", () => {
    deploy();
    const first = host.read(chain);
    expect(deploy()).toBe(false);
    host.write(chain, "");
    expect(deploy()).toBe(true);
    expect(host.read(chain)).toBe(first);
  });

  test("is the authority's once there is one, key first, and each renewal after it", () => {
    deploy();
    host.write(`${live}/privkey.pem`, "key\n");
    host.write(`${live}/fullchain.pem`, "certificate\nissuer\n");
    expect(deploy()).toBe(true);
    expect(host.read(chain)).toBe("key\ncertificate\nissuer\n");
    expect(deploy()).toBe(false);
    host.write(`${live}/fullchain.pem`, "renewed\nissuer\n");
    expect(deploy()).toBe(true);
  });

  test("is asked for where the settings say, with a key that stays and a hook that deploys", () => {
    expect(obtain("192.0.2.10")).toMatchObject({ status: 0, errors: "" });
    const words = host.read("/certbot").trim();
    expect(words).toContain("certonly --non-interactive --agree-tos --standalone");
    expect(words).toContain("--keep-until-expiring --reuse-key");
    expect(words).toContain("--email ops@example.net");
    expect(words).toContain("--server https://acme-v02.api.letsencrypt.org/directory");
    expect(words).toContain("--cert-name okmail.example.com --domain okmail.example.com");
    expect(words).toContain("--deploy-hook /usr/local/bin/okmail deploy");
  });

  test.each([
    ["elsewhere", "192.0.2.99"],
    ["to several addresses", "192.0.2.10 192.0.2.99"],
    ["nowhere", ""],
  ])("isn't asked for while the name leads %s", (_, address) => {
    const { status, errors } = obtain(address);
    expect(status).toBe(1);
    expect(errors).toContain("okmail.example.com leads to [");
    expect(errors).toContain("this host has the address 192.0.2.10");
    expect(() => host.read("/certbot")).toThrow("ENOENT");
  });

  test("reports in full why the authority gives none", () => {
    host.command(
      "certbot",
      'echo "Detail: Timeout during connect"; echo "Some challenges failed" >&2; exit 1',
    );
    expect(obtain("192.0.2.10").errors).toContain(
      "certbot failed (1): Detail: Timeout during connect\nSome challenges failed",
    );
  });

  test("isn't asked for without an authority", () => {
    const facts = JSON.parse(host.read("/etc/okmail/host.json")) as object;
    host.write("/etc/okmail/host.json", JSON.stringify({ ...facts, acme: null }));
    expect(obtain("192.0.2.10").status).toBe(0);
    expect(() => host.read("/certbot")).toThrow("ENOENT");
  });
});
