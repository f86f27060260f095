import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hostFacts } from "../../../mail/host/facts.ts";
import { tlsaData } from "../../../mail/tlsa.ts";
import { complete } from "./options.ts";
import { HostFolder, python } from "./python.ts";

const parameterName = "/okmail/example.com/tls/okmail/key1";
const keyPath = "/srv/okmail/tls-key.pem";
const chainPath = "/etc/postfix/okmail-tls.pem";
const name = "okmail.example.com";
const day = 86_400;

const newKey = () =>
  generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
const tlsaOf = (pem: string) =>
  tlsaData(createPublicKey(pem).export({ type: "spki", format: "pem" }).toString());

const key = newKey();
const other = newKey();

/** A host whose TLSA records tell of a key in that parameter. */
const withKey = hostFacts({ ...complete, tls: { ...complete.tls, keyParameterName: parameterName } }, [
  "postfix.service",
]);

/** Stands in for certbot: signs the request for 90 days, and counts. */
const certbot = `
while [ $# -gt 0 ]; do
  case $1 in
    --csr) csr=$2 ;;
    --fullchain-path=*) fullchain=\${1#*=} ;;
  esac
  shift
done
echo asked >> "$ROOT/asked"
openssl x509 -req -in "$csr" -CA "$ROOT/ca.pem" -CAkey "$ROOT/ca.key" -days 90 -copy_extensions copy -out "$fullchain" 2>/dev/null
cat "$ROOT/ca.pem" >> "$fullchain"
`;

/** The host's name leads to it; the clock is $AHEAD seconds ahead. */
const world = `
import names, time
certificate = part("certificate")
host.metadata = lambda path: "192.0.2.10"
names.look_up = lambda name, kind: ["192.0.2.10"]
now = time.time
time.time = lambda: now() + float(os.environ["AHEAD"])
`;

/** Stands in for boto3: the parameter is $KEY, and there is none if that is empty. */
const boto3 = `
import os
from botocore.exceptions import ClientError

class Client:
    def get_parameter(self, Name, WithDecryption):
        assert (Name, WithDecryption) == ("${parameterName}", True)
        if not os.environ["KEY"]:
            raise ClientError("ParameterNotFound")
        return {"Parameter": {"Value": os.environ["KEY"]}}

def client(service, region_name, config):
    return Client()
`;

const botocore = {
  "botocore/__init__.py": "",
  "botocore/config.py": "Config = dict\n",
  "botocore/exceptions.py": `
class BotoCoreError(Exception):
    pass

class ClientError(Exception):
    def __init__(self, code):
        self.response = {"Error": {"Code": code}}
`,
};

describe.skipIf(python === "")("a key that outlives certificates", { timeout: 60_000 }, () => {
  let host: HostFolder;
  beforeEach(() => {
    host = new HostFolder();
    host.write("/etc/okmail/host.json", withKey);
    host.write("/program/names.py", "def look_up(name, kind): raise AssertionError\n");
    host.module("boto3.py", boto3);
    for (const [path, code] of Object.entries(botocore)) host.module(path, code);
    host.write(keyPath, key);
    host.command("certbot", certbot);
    host.command("systemctl", `echo "$@" >> "$ROOT/systemctl"`);
  });
  afterEach(() => host[Symbol.dispose]());

  const deploy = () => host.value("", "part('certificate').deploy()");
  const shown = () => new X509Certificate(host.read(chainPath));
  const tlsaShown = () => tlsaData(shown().publicKey.export({ type: "spki", format: "pem" }).toString());
  const asked = () =>
    existsSync(host.path("/asked")) ? host.read("/asked").trimEnd().split("\n").length : 0;

  function obtain(ahead = 0) {
    const { status, errors } = host.run(`${world}\ncertificate.obtain()\ncertificate.deploy()`, {
      AHEAD: String(ahead),
    });
    expect({ status, errors }).toEqual({ status: 0, errors: "" });
  }

  const fetch = (value: string) =>
    host.value('part("certificate")', 'part("parameters").fetch_tls_key(host.facts())', { KEY: value });

  function createAuthority() {
    const args =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=authority";
    execFileSync("openssl", [...args.split(" "), "-keyout", "ca.key", "-out", "ca.pem"], {
      cwd: host.root,
      stdio: "ignore",
    });
  }

  test("is in the certificate that the host makes itself, whatever else there is", () => {
    host.write(`/etc/letsencrypt/live/${name}/privkey.pem`, other);
    host.write(`/etc/letsencrypt/live/${name}/fullchain.pem`, "another certificate\n");
    expect(deploy()).toBe(true);
    expect(host.read(chainPath).startsWith(key)).toBe(true);
    expect(shown().subjectAltName).toBe(`DNS:${name}`);
    expect(tlsaShown()).toEqual(tlsaOf(key));
    expect(deploy()).toBe(false);
  });

  test("is waited for with what there is", () => {
    host.write(keyPath, "");
    expect(deploy()).toBe(true);
    const before = tlsaShown();
    host.write(keyPath, key);
    expect(deploy()).toBe(true);
    expect(before).not.toEqual(tlsaOf(key));
    expect(tlsaShown()).toEqual(tlsaOf(key));
  });

  test("is in the authority's certificate, and in each that follows", () => {
    createAuthority();
    obtain();
    const first = shown();
    expect(first).toMatchObject({ issuer: "CN=authority", subjectAltName: `DNS:${name}` });
    expect(tlsaShown()).toEqual(tlsaOf(key));

    obtain(59 * day);
    expect({ asked: asked(), same: shown().serialNumber === first.serialNumber }).toEqual({
      asked: 1,
      same: true,
    });
    obtain(61 * day);
    expect({ asked: asked(), same: shown().serialNumber === first.serialNumber }).toEqual({
      asked: 2,
      same: false,
    });
    expect(tlsaShown()).toEqual(tlsaOf(key));
  });

  test("has the next key's certificate follow it", () => {
    createAuthority();
    obtain();
    host.write(keyPath, other);
    obtain();
    expect(asked()).toBe(2);
    expect(shown().issuer).toBe("CN=authority");
    expect(tlsaShown()).toEqual(tlsaOf(other));
  });

  test("leaves the certificate of before until the authority gives one", () => {
    createAuthority();
    obtain();
    host.write(keyPath, other);
    host.command("certbot", "exit 1");
    expect(host.run(`${world}\ncertificate.obtain()`, { AHEAD: "0" }).status).toBe(1);
    expect(tlsaShown()).toEqual(tlsaOf(key));
  });

  test("comes from its parameter, and certificates with it, as often as it is another", () => {
    expect(fetch(key.trim())).toBeNull();
    expect(existsSync(host.path("/systemctl"))).toBe(false);
    expect(fetch(other)).toBeNull();
    expect(host.read(keyPath)).toBe(other);
    expect(host.read("/systemctl")).toBe("start --no-block okmail-certificate.service\n");
  });

  test.each([
    ["isn't there", "", "there is no such parameter; pulumi up makes it"],
    ["is something else", "correct horse", "it holds no private key in PEM"],
    [
      "is the public half",
      createPublicKey(key).export({ type: "spki", format: "pem" }).toString(),
      "it holds no private key in PEM",
    ],
  ])("stays as it was while its parameter %s, which is told", (_, value, message) => {
    expect(fetch(value)).toBe(message);
    expect(host.read(keyPath)).toBe(key);
    expect(existsSync(host.path("/systemctl"))).toBe(false);
  });
});
