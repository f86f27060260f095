import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { cloudConfig, type HostOptions } from "../../mail/cloud-config.ts";
import { fetchDkimKeyScript } from "../../mail/fetch-dkim-key.ts";
import { expand, parseMainCf, postfixSettings } from "../../mail/postfix.ts";

const options: HostOptions = {
  helo: "okmail.example.com",
  domain: "example.com",
  region: "eu-central-1",
  dkim: { selector: "okmail1", parameterName: "/okmail/example.com/dkim/okmail1" },
  receivesMail: false,
};

interface Configuration {
  readonly [key: string]: unknown;
  readonly packages: string[];
  readonly write_files: { path: string; permissions: string; defer: boolean; content: string }[];
  readonly runcmd: string[][];
}

/** As cloud-init reads it: PyYAML, which is YAML 1.1. */
const read = (text: string) => parse(text, { version: "1.1" }) as Configuration;
const config = read(cloudConfig(options));

function content(path: string, from = config): string {
  const file = from.write_files.find((candidate) => candidate.path === path);
  if (file === undefined) throw new Error(`no file ${path}`);
  return file.content;
}

describe("cloudConfig", () => {
  test("begins with the line by which cloud-init knows it", () =>
    expect(cloudConfig(options)).toMatch(/^#cloud-config\n/));

  test("gives the machine its name, and keeps it over a reboot", () =>
    expect(config).toMatchObject({
      hostname: "okmail",
      fqdn: "okmail.example.com",
      prefer_fqdn_over_hostname: true,
      preserve_hostname: false,
      manage_etc_hosts: true,
    }));

  test("installs what the files and commands need", () => {
    expect(config.package_update).toBe(true);
    expect(config.packages).toEqual([...config.packages].sort());
    expect(config.packages).toEqual(
      expect.arrayContaining(["ca-certificates", "curl", "opendkim", "postfix", "python3-boto3", "ssl-cert"]),
    );
  });

  test("has no key that is not meant", () =>
    expect(Object.keys(config)).toEqual([
      "hostname",
      "fqdn",
      "prefer_fqdn_over_hostname",
      "preserve_hostname",
      "manage_etc_hosts",
      "package_update",
      "packages",
      "write_files",
      "runcmd",
    ]));

  test.each([
    ["that only sends", options],
    ["that takes the domain's mail", { ...options, receivesMail: true }],
    ["that forwards it", { ...options, receivesMail: true, bounceAddress: "ops@example.net" }],
  ])("holds the main.cf of a host %s", (_, host) => {
    const settings = parseMainCf(content("/etc/postfix/main.cf", read(cloudConfig(host))));
    expect([...settings]).toEqual([...postfixSettings(host)]);
    expect(settings.get("myhostname")).toBe(host.helo);
    expect(expand(settings, "smtp_helo_name")).toBe(host.helo);
  });

  test("writes every file after the packages, which own some of them", () => {
    for (const file of config.write_files) expect(file, file.path).toMatchObject({ defer: true });
  });

  test("writes files that others may read, and programs that they may run", () => {
    const executable = config.write_files
      .filter((file) => file.permissions === "0755")
      .map((file) => file.path);
    expect(executable).toEqual([
      "/usr/local/sbin/okmail-fetch-dkim-key",
      "/usr/local/sbin/okmail-install-session-manager",
    ]);
    for (const file of config.write_files) expect(["0644", "0755"]).toContain(file.permissions);
  });

  test("fetches the DKIM key before OpenDKIM starts, on every boot, to where OpenDKIM looks", () => {
    const unit = content("/etc/systemd/system/okmail-dkim-key.service");
    expect(unit).toContain("\nBefore=opendkim.service\n");
    expect(unit).toContain("\nWantedBy=opendkim.service\n");
    expect(unit).toContain("\nAfter=network-online.target\n");
    expect(unit).toMatch(
      /\nExecStart=\/usr\/local\/sbin\/okmail-fetch-dkim-key --region eu-central-1 --parameter \/okmail\/example\.com\/dkim\/okmail1 --owner opendkim \/etc\/dkimkeys\/okmail1\.pem\n/,
    );
    expect(content("/etc/opendkim/key.table")).toContain(":/etc/dkimkeys/okmail1.pem\n");
    expect(content("/usr/local/sbin/okmail-fetch-dkim-key")).toBe(fetchDkimKeyScript);
  });

  test("starts Postfix after OpenDKIM, under the names of both Debian 12 and 13", () => {
    for (const unit of ["postfix.service", "postfix@.service"]) {
      expect(content(`/etc/systemd/system/${unit}.d/okmail.conf`)).toMatch(/^After=.*opendkim\.service$/m);
    }
  });

  test("says which domain unqualified mail is from", () =>
    expect(content("/etc/mailname")).toBe("example.com\n"));

  test("enables before it restarts, OpenDKIM before Postfix, and Session Manager last", () => {
    expect(config.runcmd.map((words) => words.join(" "))).toEqual([
      "touch --date=10 seconds ago /etc/postfix/main.cf",
      "systemctl daemon-reload",
      "systemctl enable okmail-dkim-key.service opendkim.service postfix.service",
      "systemctl restart opendkim.service",
      "systemctl restart postfix.service",
      expect.stringMatching(/^sh -c \S+okmail-install-session-manager \|\| logger /) as string,
    ]);
  });

  test.each([
    ["eu-central-1", "https://s3.eu-central-1.amazonaws.com/amazon-ssm-eu-central-1/latest/debian_"],
    ["cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn/amazon-ssm-cn-north-1/latest/debian_"],
    ["us-gov-west-1", "https://s3.us-gov-west-1.amazonaws.com/amazon-ssm-us-gov-west-1/latest/debian_"],
  ])("takes the SSM agent from the bucket of %s", (region, url) => {
    const script = content(
      "/usr/local/sbin/okmail-install-session-manager",
      read(cloudConfig({ ...options, region })),
    );
    expect(script).toContain(`"${url}$(dpkg --print-architecture)/amazon-ssm-agent.deb"`);
  });

  test("has shell programs that sh understands", () => {
    const script = content("/usr/local/sbin/okmail-install-session-manager");
    expect(spawnSync("sh", ["-n"], { input: script, encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  test("is the same text for the same options", () =>
    expect(cloudConfig({ ...options })).toBe(cloudConfig(options)));

  test("reads the same as YAML 1.2, so that no tool mistakes a value", () => {
    for (const receivesMail of [false, true]) {
      const text = cloudConfig({ ...options, receivesMail });
      expect(parse(text)).toEqual(read(text));
    }
  });

  test("leaves a quarter of EC2's 16,384 octets free", () => {
    const text = cloudConfig({ ...options, receivesMail: true, bounceAddress: "ops@example.net" });
    expect(Buffer.byteLength(text)).toBeLessThan(16_384 * 0.75);
  });

  test("is refused over 16,384 octets, and not before", () => {
    const withAddresses = (count: number) =>
      cloudConfig({
        ...options,
        receivesMail: true,
        acceptedAddresses: Array.from({ length: count }, (_, index) => `address-${index}@example.com`),
      });
    let count = 0;
    let octets = 0;
    let message = "";
    while (message === "" && count < 1000) {
      try {
        octets = Buffer.byteLength(withAddresses((count += 1)));
      } catch (error) {
        message = (error as Error).message;
      }
    }
    // One address more takes less than 100 octets.
    expect(octets).toBeGreaterThan(16_284);
    expect(octets).toBeLessThanOrEqual(16_384);
    expect(message).toMatch(/^the user data of okmail\.example\.com takes 16\d+ octets; EC2 takes 16384$/);
  });

  test.each<[string, Partial<HostOptions>, string]>([
    ["HELO name", { helo: "okmail" }, 'the HELO name "okmail" is one label'],
    ["HELO name of two lines", { helo: "okmail.example.com\nx: y" }, "the HELO name"],
    ["domain", { domain: "example.com\n" }, "the domain"],
    ["region", { region: "eu-central-1; reboot" }, 'the region "eu-central-1; reboot" is no AWS region'],
    ["selector", { dkim: { selector: "a/../b", parameterName: "/x" } }, 'the DKIM selector "a/../b" has "/"'],
    [
      "parameter name",
      { dkim: { selector: "a", parameterName: "/x y" } },
      'the parameter name "/x y" is none of SSM',
    ],
    [
      "parameter name with a specifier of systemd",
      { dkim: { selector: "a", parameterName: "/%h" } },
      "is none of SSM",
    ],
  ])("refuses a wrong %s", (_, wrong, message) =>
    expect(() => cloudConfig({ ...options, ...wrong })).toThrow(message),
  );

  test("reads back as the settings it was made from, for any host name and domain", () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?$/);
    // Names that YAML 1.1 takes for a boolean, a number or a time unless they are quoted.
    const name = fc.oneof(label, fc.constantFrom("no", "on", "y", "null", "1e3", "0x1", "010", "1"));
    fc.assert(
      fc.property(name, label, fc.boolean(), (hostName, domainLabel, receivesMail) => {
        const domain = `${domainLabel}.example`;
        const host = { ...options, helo: `${hostName}.${domain}`, domain, receivesMail };
        const back = read(cloudConfig(host));
        expect(back.hostname).toBe(hostName);
        expect(back.fqdn).toBe(host.helo);
        const settings = parseMainCf(content("/etc/postfix/main.cf", back));
        expect(expand(settings, "smtp_helo_name")).toBe(host.helo);
        expect(expand(settings, "mydomain")).toBe(domain);
      }),
      { numRuns: 30 },
    );
  });
});
