import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { cloudConfig, userDataBase64, type HostOptions } from "../../mail/cloud-config.ts";
import { expand, parseMainCf, postfixSettings } from "../../mail/postfix.ts";
import { complete, sending as options } from "./host/options.ts";

interface Configuration {
  readonly [key: string]: unknown;
  readonly packages: string[];
  readonly bootcmd: string[];
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
      expect.arrayContaining([
        "ca-certificates",
        "chrony",
        "curl",
        "nftables",
        "opendkim",
        "postfix",
        "python3-boto3",
      ]),
    );
    expect(new Set(config.packages).size).toBe(config.packages.length);
  });

  test("installs certbot where an authority is to be asked, and Dovecot where users log in", () => {
    const all = read(cloudConfig(complete)).packages;
    for (const name of ["certbot", "dovecot-core"]) {
      expect(all).toContain(name);
      expect(config.packages).not.toContain(name);
    }
  });

  test("has no key that is not meant", () =>
    expect(Object.keys(config)).toEqual([
      "hostname",
      "fqdn",
      "prefer_fqdn_over_hostname",
      "preserve_hostname",
      "manage_etc_hosts",
      "bootcmd",
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

  test("does the first boot again on the next where the power was cut in it, and never later", () => {
    const folder = mkdtempSync(join(tmpdir(), "okmail-boot-"));
    mkdirSync(join(folder, "sem"));
    const semaphore = join(folder, "sem/config_scripts_user");
    const boot = () => {
      writeFileSync(semaphore, "");
      const script = `dpkg() { echo "$*"; }\n${config.bootcmd.join("\n")}`
        .replaceAll("/etc/okmail/", `${folder}/`)
        .replaceAll("/var/lib/cloud/instance/", `${folder}/`);
      return spawnSync("sh", ["-euc", script], { encoding: "utf8" });
    };
    expect(boot()).toMatchObject({ status: 0, stdout: "--force-confold --configure -a\n" });
    expect(existsSync(semaphore)).toBe(false);
    const [command = "", path = ""] = config.runcmd.at(-1) ?? [];
    expect(command).toBe("touch");
    writeFileSync(path.replace("/etc/okmail", folder), "");
    expect(boot()).toMatchObject({ status: 0, stdout: "" });
    expect(existsSync(semaphore)).toBe(true);
    rmSync(folder, { recursive: true });
  });

  test("lets no package start what it brings, with settings that aren't ours", () => {
    const [first] = config.write_files;
    expect(first).toMatchObject({ path: "/usr/sbin/policy-rc.d", permissions: "0755" });
    expect(first?.defer).toBeUndefined();
    expect(spawnSync("sh", ["-c", first?.content ?? ""]).status).toBe(101);
    expect(config.runcmd[0]).toEqual(["rm", "--force", "/usr/sbin/policy-rc.d"]);
  });

  test("writes every other file after the packages, which own some of them", () => {
    const early = config.write_files.filter(({ defer }) => !defer).map(({ path }) => path);
    expect(early).toEqual(["/usr/sbin/policy-rc.d", "/etc/apt/apt.conf.d/52okmail"]);
  });

  test("writes files that others may read, and programs that they may run, each once", () => {
    const files = read(cloudConfig(complete)).write_files;
    const executable = files.filter((file) => file.permissions === "0755").map((file) => file.path);
    expect(executable).toEqual([
      "/usr/sbin/policy-rc.d",
      "/usr/local/bin/okmail",
      "/usr/local/sbin/okmail-install-session-manager",
    ]);
    for (const file of files) expect(["0644", "0755"]).toContain(file.permissions);
    expect(new Set(files.map(({ path }) => path)).size).toBe(files.length);
  });

  test("sends no comment to the host, and every line that names an interpreter", () => {
    const files = read(cloudConfig(complete)).write_files;
    const first = files.map((file) => [file.path, file.content.split("\n", 1)[0]]);
    expect(first.filter(([, line]) => line?.startsWith("#"))).toEqual([
      ["/usr/sbin/policy-rc.d", "#!/bin/sh"],
      ["/usr/local/bin/okmail", "#!/bin/sh"],
      ["/usr/local/sbin/okmail-install-session-manager", "#!/bin/sh"],
    ]);
    for (const file of files) expect(file.content, file.path).not.toMatch(/^ *#(?!!)/m);
  });

  test("starts Postfix only with its volume, after all that it works with", () => {
    const unit = content("/etc/systemd/system/postfix.service.d/okmail.conf");
    expect(unit).toMatch(/^Requires=okmail-queue\.service$/m);
    expect(unit).toMatch(/^AssertPathIsMountPoint=\/var\/spool\/postfix$/m);
    const [, after = ""] = /^After=(.*)$/m.exec(unit) ?? [];
    expect(after.split(" ")).toEqual(
      expect.arrayContaining([
        "okmail-queue.service",
        "chrony-wait.service",
        "time-sync.target",
        "opendkim.service",
        "unbound.service",
      ]),
    );
    expect(content("/etc/systemd/system/okmail-queue.service")).toMatch(/^ExecStart=\S+ volume$/m);
  });

  test("runs commands that the program has", () => {
    const main = content("/usr/local/lib/okmail/__main__.py");
    const commands = config.write_files
      .flatMap((file) => [
        ...file.content.matchAll(/^ExecStart(?:Pre)?=\+?\/usr\/local\/bin\/okmail (\S+)$/gm),
      ])
      .map(([, command = ""]) => command);
    expect(commands.sort()).toEqual(["certificate", "clock", "metrics", "parameters", "volume"]);
    for (const command of commands) expect(main).toContain(` "${command}": `);
  });

  test("says which domain unqualified mail is from", () =>
    expect(content("/etc/mailname")).toBe("example.com\n"));

  test("enables before it starts, begins with the firewall, ends with Postfix and the secrets, Session Manager for nobody to wait for", () => {
    const commands = read(cloudConfig(complete)).runcmd;
    const services =
      "nftables.service unbound.service opendkim.service okmail-opendkim-ed25519.service dovecot.service";
    const timers =
      "okmail-parameters.timer okmail-certificate.timer certbot.timer okmail-metrics.timer okmail-watch.timer";
    expect(commands.map((words) => words.join(" "))).toEqual([
      "rm --force /usr/sbin/policy-rc.d",
      "touch --date=10 seconds ago /etc/postfix/main.cf",
      expect.stringMatching(
        new RegExp(`^systemctl --no-reload add-wants multi-user.target ${services} .*postfix.service$`),
      ) as string,
      `systemctl --no-reload enable ${timers} okmail-session-manager@eu-central-1.service`,
      "systemctl daemon-reload",
      "systemctl restart systemd-journald.service chrony.service",
      expect.stringMatching(
        new RegExp(`^systemctl restart ${services} .*postfix.service ${timers} okmail-parameters.service$`),
      ) as string,
      "systemctl start --no-block okmail-session-manager@eu-central-1.service",
      "touch /etc/okmail/ready",
    ]);
  });

  test.each([
    ["eu-central-1", "https://s3.eu-central-1.amazonaws.com/amazon-ssm-eu-central-1/latest/debian_"],
    ["cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn/amazon-ssm-cn-north-1/latest/debian_"],
    ["us-gov-west-1", "https://s3.us-gov-west-1.amazonaws.com/amazon-ssm-us-gov-west-1/latest/debian_"],
  ])("takes the SSM agent from the bucket of %s", (region, url) => {
    const script = content("/usr/local/sbin/okmail-install-session-manager")
      .replace(/^deb=.*|^trap.*|^dpkg --install.*|^systemctl.*/gm, "")
      .replace("curl ", "echo ");
    const { stdout } = spawnSync("sh", ["-c", `dpkg() { echo arm64; }; deb=x\n${script}`, "sh", region], {
      encoding: "utf8",
    });
    expect(stdout.trim().split(" ").at(-1)).toBe(`${url}arm64/amazon-ssm-agent.deb`);
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

  test("fits into EC2's 16,384 octets with everything on, a dozen addresses and users, and 1,000 to spare", () => {
    const packed = Buffer.from(
      userDataBase64(
        cloudConfig({
          ...complete,
          tls: { ...complete.tls, keyParameterName: "/okmail/example.com/tls/okmail/key1" },
          acceptedAddresses: Array.from({ length: 12 }, (_, index) => `address-${index}@example.com`),
          submission: {
            users: Array.from({ length: 12 }, (_, index) => ({
              name: `user-${index}`,
              parameterName: `/okmail/example.com/submission/user-${index}`,
            })),
            messagesPerHour: 1000,
          },
        }),
      ),
      "base64",
    );
    expect(packed.length).toBeLessThan(16_384 - 1_000);
  });

  test.each<[string, Partial<HostOptions>, string]>([
    ["HELO name", { helo: "okmail" }, 'the HELO name "okmail" is one label'],
    ["HELO name of two lines", { helo: "okmail.example.com\nx: y" }, "the HELO name"],
    ["domain", { domain: "example.com\n" }, "the domain"],
    ["list of keys", { dkim: [] }, "okmail.example.com has no DKIM key"],
    [
      "ACME directory",
      { tls: { acme: { directory: "http://example.com/directory" } } },
      'the ACME directory "http://example.com/directory" is no https:// address',
    ],
    [
      "parameter name of a user",
      { submission: { users: [{ name: "app", parameterName: "a b" }], messagesPerHour: 1 } },
      'the parameter name "a b" is none of SSM',
    ],
    ["region", { region: "eu-central-1; reboot" }, 'the region "eu-central-1; reboot" is no AWS region'],
    [
      "selector",
      { dkim: [{ selector: "a/../b", parameterName: "/x", algorithm: "rsa-sha256" }] },
      'the DKIM selector "a/../b" has "/"',
    ],
    [
      "parameter name",
      { dkim: [{ selector: "a", parameterName: "/x y", algorithm: "rsa-sha256" }] },
      'the parameter name "/x y" is none of SSM',
    ],
    [
      "parameter name with a specifier of systemd",
      { dkim: [{ selector: "a", parameterName: "/%h", algorithm: "rsa-sha256" }] },
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
