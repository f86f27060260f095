import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fetchDkimKeyScript } from "../../mail/fetch-dkim-key.ts";

/** Asked once: what is called python3 may be a script that looks for the real one each time. */
const python = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
const hasPython = python.status === 0;
if (!hasPython)
  console.warn("SKIPPED: python3 is missing, so the program that fetches the DKIM key is not tested.");

/**
 * Stands in for boto3: parameters come from $ANSWERS, a JSON list with one answer per call: the value, or null for a
 * refusal as AWS words it.
 */
const boto3 = `
import json, os
from botocore.exceptions import ClientError

answers = json.loads(os.environ["ANSWERS"])

class Client:
    def get_parameter(self, Name, WithDecryption):
        assert (Name, WithDecryption) == ("/okmail/key", True)
        value = answers.pop(0)
        if value is None:
            raise ClientError("AccessDeniedException")
        return {"Parameter": {"Value": value}}

def client(service, region_name, config):
    assert (service, region_name) == ("ssm", "eu-central-1")
    return Client()
`;

const privateKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const pkcs8 = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const pkcs1 = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const ed25519 = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const lines = pkcs8.trimEnd().split("\n");

describe.skipIf(!hasPython)("the program that fetches the DKIM key", { timeout: 20_000 }, () => {
  let folder: string;
  let keys: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "okmail-fetch-"));
    keys = join(folder, "keys");
    mkdirSync(keys);
    mkdirSync(join(folder, "botocore"));
    writeFileSync(join(folder, "boto3.py"), boto3);
    writeFileSync(join(folder, "botocore", "__init__.py"), "");
    writeFileSync(join(folder, "botocore", "config.py"), "def Config(**options): return options\n");
    writeFileSync(
      join(folder, "botocore", "exceptions.py"),
      "class BotoCoreError(Exception): pass\nclass ClientError(Exception): pass\n",
    );
    writeFileSync(join(folder, "fetch.py"), fetchDkimKeyScript);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(answers: readonly (string | null)[]) {
    const { status, stdout, stderr } = spawnSync(
      python.stdout.trim(),
      [
        join(folder, "fetch.py"),
        ...["--region", "eu-central-1", "--parameter", "/okmail/key", "--owner", userInfo().username],
        ...["--attempts", String(answers.length), "--pause", "0", join(keys, "okmail1.pem")],
      ],
      {
        env: {
          ...process.env,
          PYTHONPATH: folder,
          PYTHONDONTWRITEBYTECODE: "1",
          ANSWERS: JSON.stringify(answers),
        },
        encoding: "utf8",
      },
    );
    return { status, output: stdout + stderr };
  }

  const written = () => readFileSync(join(keys, "okmail1.pem"), "utf8");

  test("compiles", () => {
    const { status, stderr } = spawnSync(
      python.stdout.trim(),
      ["-m", "py_compile", join(folder, "fetch.py")],
      {
        encoding: "utf8",
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test.each([
    ["PKCS #8", pkcs8],
    ["PKCS #1", pkcs1],
    ["a short key, Ed25519", ed25519],
  ])("writes the key as it came, readable by its owner alone: %s", (_, key) => {
    expect(run([key]).status).toBe(0);
    expect(written()).toBe(key);
    expect(statSync(join(keys, "okmail1.pem")).mode & 0o777).toBe(0o600);
    expect(readdirSync(keys)).toEqual(["okmail1.pem"]);
  });

  test("replaces an older key", () => {
    writeFileSync(join(keys, "okmail1.pem"), pkcs1, { mode: 0o644 });
    expect(run([pkcs8]).status).toBe(0);
    expect(written()).toBe(pkcs8);
    expect(statSync(join(keys, "okmail1.pem")).mode & 0o777).toBe(0o600);
  });

  test("tries again when it is refused", () => {
    const { status, output } = run([null, null, pkcs8]);
    expect(status).toBe(0);
    expect(output).toContain("/okmail/key, attempt 2 of 3: AccessDeniedException");
    expect(written()).toBe(pkcs8);
  });

  test("fails after the last attempt, and keeps the key it has", () => {
    writeFileSync(join(keys, "okmail1.pem"), pkcs1);
    expect(run([null, null]).status).toBe(1);
    expect(written()).toBe(pkcs1);
    expect(readdirSync(keys)).toEqual(["okmail1.pem"]);
  });

  test("leaves no draft behind when the file can't be replaced", () => {
    mkdirSync(join(keys, "okmail1.pem"));
    const { status, output } = run([pkcs8]);
    expect(status).toBe(1);
    for (const line of lines.slice(1, -1)) expect(output).not.toContain(line);
    expect(readdirSync(keys)).toEqual(["okmail1.pem"]);
  });

  test.each([
    ["nothing", ""],
    ["a public key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"],
    ["a certificate after the key", `${pkcs8}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`],
    ["a key without its last lines", lines.slice(0, 10).join("\n")],
    ["a key without its middle lines", [...lines.slice(0, 10), ...lines.slice(12)].join("\n")],
    ["a key whose last line is of another kind", pkcs8.replace("END PRIVATE", "END RSA PRIVATE")],
    ["a key that is no base64", "-----BEGIN PRIVATE KEY-----\nA=AA\n-----END PRIVATE KEY-----\n"],
    ["one octet", "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n"],
  ])("writes no file for %s", (_, text) => {
    const { status, output } = run([text]);
    expect({ status, output }).toEqual({
      status: 1,
      output: expect.stringMatching(/attempt 1 of 1: the /) as string,
    });
    expect(readdirSync(keys)).toEqual([]);
  });

  test("prints no line of the key, whether it works or not", () => {
    const broken = [...lines.slice(0, 10), ...lines.slice(12)].join("\n");
    const withoutEnd = lines.slice(0, 10).join("\n");
    for (const text of [pkcs8, broken, withoutEnd]) {
      const { output } = run([text]);
      for (const line of lines.slice(1, -1)) expect(output).not.toContain(line);
    }
  });
});
