import { describe, expect, test } from "vitest";
import { dkimKeyPath, milters, openDkimPart, type SignerKey } from "../../mail/opendkim.ts";

const rsa: SignerKey = { selector: "okmail1", algorithm: "rsa-sha256" };
const ed25519: SignerKey = { selector: "okmail1e", algorithm: "ed25519-sha256" };

const partOf = (...dkim: SignerKey[]) =>
  openDkimPart({ domain: "example.com", helo: "okmail.example.com", dkim });

const filesOf = (...dkim: SignerKey[]) =>
  new Map(partOf(...dkim).files.map(({ path, content }) => [path, content]));

/** opendkim.conf(5): a name and a value on each line, comments begin with a number sign. */
function configurationOf(files: ReadonlyMap<string, string>, path: string): ReadonlyMap<string, string> {
  return new Map(
    (files.get(path) ?? "")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.split(" ") as [string, string]),
  );
}

const both = filesOf(rsa, ed25519);

describe.each([
  ["rsa-sha256", "/etc/opendkim.conf", 0, "/etc/systemd/system/opendkim.service.d/okmail.conf"],
  ["ed25519-sha256", "/etc/opendkim/ed25519.conf", 1, "/etc/systemd/system/okmail-opendkim-ed25519.service"],
])("the signer with %s", (algorithm, path, position, unit) => {
  const configuration = configurationOf(both, path);

  test.each([
    ["Mode", "s"],
    ["SignatureAlgorithm", algorithm],
    ["Canonicalization", "relaxed/relaxed"],
    ["RequiredHeaders", "yes"],
    ["OversignHeaders", "From"],
  ])("has %s %s", (name, value) => expect(configuration.get(name)).toBe(value));

  test("listens where Postfix asks, in the folder that its unit makes for Postfix", () => {
    const [, socket, folder] =
      /^unix:(\/run\/([^/]+)\/milter)$/.exec(milters([rsa, ed25519])[position] ?? "") ?? [];
    expect(configuration.get("Socket")).toBe(`local:${socket}`);
    // OpenDKIM's socket is for its group too (UMask 007).
    expect(configuration.get("UMask")).toBe("007");
    expect(both.get(unit)).toContain(
      `\nUser=opendkim\nGroup=postfix\nRuntimeDirectory=${folder}\nRuntimeDirectoryMode=0750\n`,
    );
  });

  test("names no key at start, so that OpenDKIM starts without one", () => {
    expect(configuration.has("KeyFile")).toBe(false);
    expect(configuration.has("Domain")).toBe(false);
  });

  test("has each file that the configuration names", () => {
    for (const name of ["SigningTable", "KeyTable", "SetupPolicyScript"]) {
      const file = configuration.get(name)?.replace(/^(re)?file:/, "");
      expect(both.has(file ?? ""), name).toBe(true);
    }
  });
});

describe("openDkimPart", () => {
  test("signs mail of the domain and of the host for the domain, with each key by its algorithm", () => {
    expect(both.get("/etc/opendkim/signing.table")).toBe(
      "*@example.com okmail1\n*@okmail.example.com okmail1\n",
    );
    expect(both.get("/etc/opendkim/ed25519.table")).toBe(
      "*@example.com okmail1e\n*@okmail.example.com okmail1e\n",
    );
    expect(both.get("/etc/opendkim/key.table")).toBe(
      `okmail1 example.com:okmail1:${dkimKeyPath("okmail1")}\n` +
        `okmail1e example.com:okmail1e:${dkimKeyPath("okmail1e")}\n`,
    );
  });

  test("has one signer for RSA alone, with the unit of Debian's package and the file it looks for", () => {
    expect(partOf(rsa).services).toEqual(["opendkim.service"]);
    expect(milters([rsa])).toEqual(["unix:/run/okmail-opendkim-rsa/milter"]);
    expect([...filesOf(rsa).keys()].filter((path) => path.includes("ed25519"))).toEqual([]);
    expect(configurationOf(filesOf(rsa), "/etc/opendkim.conf").get("PidFile")).toBe(
      "/run/opendkim/opendkim.pid",
    );
  });

  test("has a unit of its own for Ed25519", () => {
    expect(partOf(rsa, ed25519).services).toEqual(["opendkim.service", "okmail-opendkim-ed25519.service"]);
    expect(both.get("/etc/systemd/system/okmail-opendkim-ed25519.service")).toContain(
      "\nExecStart=/usr/sbin/opendkim -f -x /etc/opendkim/ed25519.conf\n",
    );
  });

  test.each([
    "/etc/systemd/system/opendkim.service.d/okmail.conf",
    "/etc/systemd/system/okmail-opendkim-ed25519.service",
  ])("has bounded memory, and starts again at the bound: %s", (path) => {
    expect(both.get(path)).toMatch(/^\[Service\]\n(?:.+\n)*MemoryMax=256M\nRestart=on-failure\n/m);
    expect(both.get(path)).toMatch(/^\[Unit\]\n(?:.+\n)*StartLimitIntervalSec=0\n/m);
  });

  test("signs with every key of one algorithm, as during a rotation", () => {
    const files = filesOf(rsa, { ...rsa, selector: "okmail2" });
    expect(files.get("/etc/opendkim/signing.table")).toBe(
      "*@example.com okmail1\n*@okmail.example.com okmail1\n*@example.com okmail2\n*@okmail.example.com okmail2\n",
    );
    expect(configurationOf(files, "/etc/opendkim.conf").get("MultipleSignatures")).toBe("yes");
    expect(configurationOf(both, "/etc/opendkim.conf").has("MultipleSignatures")).toBe(false);
  });

  test("refuses authors of all domains but those of the signing table", () =>
    expect(both.get("/etc/opendkim/from.lua")).toContain(
      'local ours = { ["example.com"] = true, ["okmail.example.com"] = true }\n',
    ));
});
