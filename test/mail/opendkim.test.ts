import { describe, expect, test } from "vitest";
import { dkimKeyPath, milterSocket, openDkimFiles } from "../../mail/opendkim.ts";

const files = new Map(
  openDkimFiles({ domain: "example.com", helo: "okmail.example.com", selector: "okmail1" }).map((file) => [
    file.path,
    file.content,
  ]),
);

/** opendkim.conf(5): a name and a value on each line, comments begin with a number sign. */
const configuration = new Map(
  (files.get("/etc/opendkim.conf") ?? "")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(" ") as [string, string]),
);

describe("openDkimFiles", () => {
  test.each([
    ["Mode", "s"],
    ["SignatureAlgorithm", "rsa-sha256"],
    ["Canonicalization", "relaxed/relaxed"],
    ["OversignHeaders", "From"],
    ["UserID", "opendkim"],
    ["PidFile", "/run/opendkim/opendkim.pid"],
  ])("have %s %s", (name, value) => expect(configuration.get(name)).toBe(value));

  test("listen where Postfix asks", () => {
    const [, host, port] = /^inet:([\d.]+):(\d+)$/.exec(milterSocket) ?? [];
    expect(configuration.get("Socket")).toBe(`inet:${port}@${host}`);
    expect(host).toBe("127.0.0.1");
  });

  test("name no key at start, so that OpenDKIM starts without one", () => {
    expect(configuration.has("KeyFile")).toBe(false);
    expect(configuration.has("Domain")).toBe(false);
  });

  test("have each table that the configuration names", () => {
    for (const name of ["SigningTable", "KeyTable"]) {
      const path = configuration.get(name)?.replace(/^(re)?file:/, "");
      expect(files.has(path ?? ""), name).toBe(true);
    }
  });

  test("sign mail of the domain and of the host for the domain, with the selector's key", () => {
    expect(files.get("/etc/opendkim/signing.table")).toBe(
      "*@example.com okmail\n*@okmail.example.com okmail\n",
    );
    expect(files.get("/etc/opendkim/key.table")).toBe(
      `okmail example.com:okmail1:${dkimKeyPath("okmail1")}\n`,
    );
  });
});
