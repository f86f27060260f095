import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dkimRecord } from "../../../mail/dkim.ts";
import { HostFolder, python } from "./python.ts";

/** Stands in for boto3: $PARAMETERS by name, or the code of an error in capitals and small letters. */
const boto3 = `
import json, os
from botocore.exceptions import BotoCoreError, ClientError

values = json.loads(os.environ["PARAMETERS"])

class Client:
    def get_parameter(self, Name, WithDecryption):
        assert WithDecryption
        value = values.get(Name, "ParameterNotFound")
        if value == "EndpointConnectionError":
            raise BotoCoreError("Could not connect to the endpoint URL")
        if value.isalpha() and value[0].isupper():
            raise ClientError(value)
        return {"Parameter": {"Value": value}}

def client(service, region_name, config):
    assert (service, region_name) == ("ssm", "eu-central-1")
    return Client()
`;

/** Stands in for names.py: TXT records in $ZONE; a zone that is null doesn't answer. */
const names = `
import json, os, host

def look_up(name, kind):
    zone = json.loads(os.environ["ZONE"])
    if zone is None:
        raise host.Fault("no DNS answer")
    return zone.get(name, [])
`;

const pem = (key: ReturnType<typeof generateKeyPairSync>["privateKey"]) =>
  key.export({ type: "pkcs8", format: "pem" }).toString();
const rsaKey = () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const published = (key: string) =>
  dkimRecord(createPublicKey(key).export({ type: "spki", format: "pem" }).toString());

const rsa = pem(rsaKey());
const otherRsa = pem(rsaKey());
const ed25519 = pem(generateKeyPairSync("ed25519").privateKey);

const rsaParameter = "/okmail/example.com/dkim/okmail1";
const ed25519Parameter = "/okmail/example.com/dkim/okmail1e";
const userParameter = "/okmail/example.com/submission/app";
const rsaName = "okmail1._domainkey.example.com";
const rsaFile = "/etc/dkimkeys/okmail1.pem";

const parameters = { [rsaParameter]: rsa, [ed25519Parameter]: ed25519, [userParameter]: "correct horse" };
const zone = { [rsaName]: [published(rsa)], "okmail1e._domainkey.example.com": [published(ed25519)] };

interface Cloud {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly zone?: Readonly<Record<string, readonly string[]>> | null;
}

describe.skipIf(python === "")("okmail parameters", { timeout: 60_000 }, () => {
  let host: HostFolder;

  beforeEach(() => {
    host = new HostFolder();
    host.module("boto3.py", boto3);
    host.module("botocore/__init__.py", "");
    host.module("botocore/config.py", "def Config(**options): return options\n");
    host.module(
      "botocore/exceptions.py",
      `class BotoCoreError(Exception): pass
class ClientError(Exception):
    def __init__(self, code):
        super().__init__("An error occurred: " + code)
        self.response = {"Error": {"Code": code}}
`,
    );
    host.write("/program/names.py", names);
    host.command("systemctl", `echo "$@" >> ${host.path("/systemctl")}`);
    const facts = JSON.parse(host.read("/etc/okmail/host.json")) as { dkim: { file: string }[] };
    for (const key of facts.dkim) key.file = host.path(key.file);
    host.write("/etc/okmail/host.json", JSON.stringify(facts));
  });
  afterEach(() => host[Symbol.dispose]());

  function fetch(cloud: Cloud = {}) {
    const { status, output, errors } = host.run('sys.exit(part("parameters").fetch())', {
      PARAMETERS: JSON.stringify({ ...parameters, ...cloud.parameters }),
      ZONE: JSON.stringify(cloud.zone === undefined ? zone : cloud.zone),
    });
    const faults = JSON.parse(host.read("/run/okmail/parameters")) as Record<string, string>;
    return { status, text: output + errors, faults };
  }

  const hash = () => host.read("/etc/dovecot/okmail.users");

  test("writes both keys as they came, and the passwords in a form that doesn't tell them", () => {
    expect(fetch()).toEqual({ status: 0, text: "", faults: {} });
    expect(host.read(rsaFile)).toBe(rsa);
    expect(host.read("/etc/dkimkeys/okmail1e.pem")).toBe(ed25519);
    const [, salt = ""] = /^app:\{SHA512-CRYPT\}\$6\$([^$]+)\$[./A-Za-z0-9]{86}\n$/.exec(hash()) ?? [];
    const again = execFileSync("openssl", ["passwd", "-6", "-salt", salt, "correct horse"], {
      encoding: "utf8",
    });
    expect(hash()).toBe(`app:{SHA512-CRYPT}${again}`);
  });

  test("starts Dovecot with new passwords, and leaves it alone with the same ones", () => {
    fetch();
    fetch();
    expect(host.read("/systemctl")).toBe("start dovecot.service\n");
  });

  test("lets only OpenDKIM read the keys and only Dovecot the passwords", () => {
    fetch();
    expect(statSync(host.path(rsaFile)).mode & 0o777).toBe(0o600);
    expect(statSync(host.path("/etc/dovecot/okmail.users")).mode & 0o777).toBe(0o640);
  });

  test("writes nothing anew that is the same, and leaves no draft", () => {
    fetch();
    const before = [statSync(host.path(rsaFile)).ino, hash()];
    fetch();
    expect([statSync(host.path(rsaFile)).ino, hash()]).toEqual(before);
    expect(readdirSync(host.path("/etc/dkimkeys")).sort()).toEqual(["okmail1.pem", "okmail1e.pem"]);
  });

  test.each([
    ["is missing", { [rsaParameter]: "ParameterNotFound" }, "there is no such parameter"],
    ["is denied", { [rsaParameter]: "AccessDeniedException" }, "the instance's role may not read it"],
    ["can't be asked for", { [rsaParameter]: "EndpointConnectionError" }, "Could not connect"],
    ["is out of order", { [rsaParameter]: "InternalServerError" }, "An error occurred: InternalServerError"],
    ["is no key", { [rsaParameter]: "abc" }, "it holds no private key in PEM for rsa-sha256"],
    ["is empty", { [rsaParameter]: "" }, "it holds no private key"],
    ["is cut short", { [rsaParameter]: rsa.slice(0, 800) }, "it holds no private key"],
    [
      "lacks lines",
      { [rsaParameter]: rsa.split("\n").toSpliced(9, 2).join("\n") },
      "it holds no private key",
    ],
    ["is of another type", { [rsaParameter]: ed25519 }, "it holds no private key in PEM for rsa-sha256"],
  ])("says which parameter %s, has no key then, and fetches the rest", (_, changed, reason) => {
    const { status, faults, text } = fetch({ parameters: changed });
    expect(status).toBe(1);
    expect(Object.keys(faults)).toEqual([rsaParameter]);
    expect(faults[rsaParameter]).toContain(reason);
    expect(text).toContain(`${rsaParameter}: `);
    expect(existsSync(host.path(rsaFile))).toBe(false);
    expect(host.read("/etc/dkimkeys/okmail1e.pem")).toBe(ed25519);
  });

  test.each<[string, string[]]>([
    ["another key", [published(otherRsa)]],
    ["no key", []],
    ["a key that was withdrawn", ["v=DKIM1; k=rsa; p="]],
    ["something else", ["v=spf1 -all"]],
  ])("uses no key while the DNS publishes %s", (_, records) => {
    const { faults } = fetch({ zone: { ...zone, [rsaName]: records } });
    expect(faults[rsaParameter]).toMatch(/^okmail1\._domainkey\.example\.com publishes .*not its public key/);
    expect(existsSync(host.path(rsaFile))).toBe(false);
  });

  test("takes back a key that the DNS no longer publishes", () => {
    fetch();
    fetch({ zone: { ...zone, [rsaName]: [published(otherRsa)] } });
    expect(existsSync(host.path(rsaFile))).toBe(false);
    expect(fetch().faults).toEqual({});
    expect(host.read(rsaFile)).toBe(rsa);
  });

  test("goes on with the published key when the parameter changes before the record does", () => {
    fetch();
    const { status, faults } = fetch({ parameters: { [rsaParameter]: otherRsa } });
    expect(status).toBe(1);
    expect(faults[rsaParameter]).toContain("not its public key");
    expect(host.read(rsaFile)).toBe(rsa);
    const later = fetch({
      parameters: { [rsaParameter]: otherRsa },
      zone: { ...zone, [rsaName]: [published(otherRsa)] },
    });
    expect(later.faults).toEqual({});
    expect(host.read(rsaFile)).toBe(otherRsa);
  });

  test("keeps the key of before while the parameter can't be had", () => {
    fetch();
    expect(fetch({ parameters: { [rsaParameter]: "AccessDeniedException" } }).status).toBe(1);
    expect(host.read(rsaFile)).toBe(rsa);
  });

  test("takes no key away for a DNS that doesn't answer", () => {
    expect(fetch({ zone: null })).toMatchObject({ status: 0, faults: {} });
    expect(host.read(rsaFile)).toBe(rsa);
  });

  test.each([
    ["folded", published(rsa).replace("p=", "p = ").replace(/.{60}/g, "$& ")],
    ["with more tags behind the key", `${published(rsa)}; t=s; n=p is here`],
    ["with the key first", published(rsa).replace("v=DKIM1; k=rsa; ", "")],
  ])("knows its key in a record %s", (_, record) =>
    expect(fetch({ zone: { ...zone, [rsaName]: [record] } }).faults).toEqual({}),
  );

  test("writes no file of passwords before it knows every user, so that Dovecot says try again", () => {
    const facts = JSON.parse(host.read("/etc/okmail/host.json")) as { users: object[] };
    facts.users.push({ name: "web", parameter: "/okmail/example.com/submission/web" });
    host.write("/etc/okmail/host.json", JSON.stringify(facts));
    expect(Object.keys(fetch().faults)).toEqual(["/okmail/example.com/submission/web"]);
    expect(existsSync(host.path("/etc/dovecot/okmail.users"))).toBe(false);
    fetch({ parameters: { "/okmail/example.com/submission/web": "battery" } });
    expect(hash()).toMatch(/^app:.*\nweb:.*\n$/);
  });

  test("changes a password and forgets a user who is gone", () => {
    host.write("/etc/dovecot/okmail.users", "gone:{SHA512-CRYPT}$6$salt$hash\n");
    fetch();
    const before = hash();
    expect(before).toMatch(/^app:[^\n]*\n$/);
    fetch({ parameters: { [userParameter]: "battery staple" } });
    expect(hash()).not.toBe(before);
    fetch({ parameters: { [userParameter]: "ParameterNotFound" } });
    expect(hash()).toMatch(/^app:/);
  });

  test("prints no secret", () => {
    const { text } = fetch({ parameters: { [rsaParameter]: rsa.slice(0, 800) }, zone: {} });
    for (const line of [...rsa.split("\n").slice(1, -2), "correct horse"]) expect(text).not.toContain(line);
  });
});
