import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { HostOptions } from "../../../mail/cloud-config.ts";
import { hostFacts } from "../../../mail/host/facts.ts";
import { firewall, portsIn } from "../../../mail/host/firewall.ts";
import { packageSettings, systemPart, timers } from "../../../mail/host/system.ts";
import { complete, sending } from "./options.ts";

const hosts: readonly (readonly [string, HostOptions, readonly number[]])[] = [
  ["that only sends", sending, []],
  ["that receives", { ...sending, receivesMail: true }, [25]],
  ["with a certificate from an authority", { ...sending, tls: complete.tls }, [80]],
  ["with users", { ...sending, submission: complete.submission }, [465, 587]],
  ["with everything", complete, [25, 80, 465, 587]],
];

describe("the firewall", () => {
  test.each(hosts)("of a host %s opens just its ports", (_, options, ports) => {
    expect(portsIn(options)).toEqual(ports);
    const opened = [...firewall(options).matchAll(/tcp dport \{ (.*) \} accept/g)].map(
      ([, list = ""]) => list,
    );
    expect(opened).toEqual(ports.length === 0 ? [] : [ports.join(", ")]);
  });

  const canCheck =
    process.platform === "linux" &&
    process.getuid?.() === 0 &&
    spawnSync("unshare", ["--net", "nft", "--version"]).status === 0;
  if (!canCheck) console.warn("SKIPPED: nft doesn't check the firewall; it takes root and nftables.");
  test.skipIf(!canCheck).each(hosts)("of a host %s is what nft understands", (_, options) => {
    const check = spawnSync("unshare", ["--net", "nft", "--check", "--file", "-"], {
      input: firewall(options),
      encoding: "utf8",
    });
    expect(check).toMatchObject({ status: 0, stderr: "" });
  });

  test("lets in nothing else, and only root to the role's credentials", () => {
    expect(firewall(complete)).toContain("hook input priority filter; policy drop;");
    expect(firewall(complete)).toContain("ip daddr 169.254.169.254 meta skuid != 0 reject");
  });
});

describe("the facts", () => {
  test("name each secret, its parameter and its place", () =>
    expect(JSON.parse(hostFacts(complete, ["postfix.service"]))).toEqual({
      helo: "okmail.example.com",
      domain: "example.com",
      region: "eu-central-1",
      dkim: [
        {
          selector: "okmail1",
          algorithm: "rsa-sha256",
          parameter: "/okmail/example.com/dkim/okmail1",
          file: "/etc/dkimkeys/okmail1.pem",
        },
        {
          selector: "okmail1e",
          algorithm: "ed25519-sha256",
          parameter: "/okmail/example.com/dkim/okmail1e",
          file: "/etc/dkimkeys/okmail1e.pem",
        },
      ],
      users: [{ name: "app", parameter: "/okmail/example.com/submission/app" }],
      acme: { directory: "https://acme-v02.api.letsencrypt.org/directory", email: "ops@example.net" },
      tlsKey: null,
      watch: [complete.watch?.parameterName, complete.watch?.digest],
      services: ["postfix.service"],
    }));

  test("name the parameter of a TLS key that TLSA records tell of", () => {
    const keyParameterName = "/okmail/example.com/tls/okmail/key1";
    expect(JSON.parse(hostFacts({ ...sending, tls: { keyParameterName } }, []))).toMatchObject({
      tlsKey: keyParameterName,
    });
  });

  test("say that there are no users and no authority", () =>
    expect(JSON.parse(hostFacts(sending, []))).toMatchObject({ users: [], acme: null, watch: null }));
});

describe("the system", () => {
  const units = systemPart(complete).files.filter(({ path }) => path.startsWith("/etc/systemd/system/"));

  test("has a unit for each timer", () => {
    const paths = units.map(({ path }) => path);
    for (const timer of timers(complete).filter((name) => name.startsWith("okmail-"))) {
      expect(paths).toContain(`/etc/systemd/system/${timer}`);
      expect(paths).toContain(`/etc/systemd/system/${timer.replace(".timer", ".service")}`);
    }
  });

  test("starts the timer of certbot too, which policy-rc.d kept from starting", () =>
    expect(timers(complete)).toContain("certbot.timer"));

  test("asks no authority for a certificate where none is named", () => {
    expect(timers(sending)).toEqual(["okmail-parameters.timer", "okmail-metrics.timer"]);
    expect(systemPart(sending).packages).not.toContain("certbot");
  });

  test("tells of changes only where somebody is named", () => {
    const news = (options: HostOptions) =>
      [...timers(options), ...systemPart(options).files.map(({ path }) => path)].filter((name) =>
        name.includes("okmail-watch"),
      );
    expect(news(complete)).toEqual([
      "okmail-watch.timer",
      "/etc/systemd/system/okmail-watch.service",
      "/etc/systemd/system/okmail-watch.timer",
    ]);
    expect(news(sending)).toEqual([]);
  });

  test("restarts each host for updates at a minute of its own, by night", () => {
    const minute = (helo: string) => {
      const [, time = ""] = /Automatic-Reboot-Time "(.*)";/.exec(packageSettings(helo).content) ?? [];
      expect(time).toMatch(/^0[2-5]:[0-5]\d$/);
      return time;
    };
    const names = Array.from({ length: 100 }, (_, index) => `mx${index}.example.com`);
    const times = names.map(minute);
    expect(times).toEqual(names.map(minute));
    expect(new Set(times).size).toBeGreaterThan(70);
  });

  test("tries again without end what others may have yet to do", () => {
    for (const name of ["queue", "parameters", "certificate"]) {
      const unit = units.find(({ path }) => path.endsWith(`okmail-${name}.service`))?.content;
      expect(unit).toMatch(/^Restart=on-failure$/m);
      expect(unit).toMatch(/^StartLimitIntervalSec=0$/m);
    }
  });
});
