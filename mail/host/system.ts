import { createHash } from "node:crypto";
import type { HostFile, HostPart } from "../host-part.ts";
import { firewall } from "./firewall.ts";
import type { HostOptions } from "./options.ts";
import { commonFiles, program } from "./programs.ts";

/**
 * The host around its mail programs: queue volume, secrets, certificate, firewall, clock, updates, `okmail status`.
 * No fail2ban: who guesses passwords is slowed down by Dovecot and limited by Postfix, without a second reader of the log.
 */
export function systemPart(options: HostOptions): HostPart {
  return {
    packages: [
      ...(options.tls.acme === undefined ? [] : ["certbot"]),
      "chrony",
      "curl",
      "e2fsprogs",
      "nftables",
      "openssl",
      "python3-boto3",
      "python3-dnspython",
      "unattended-upgrades",
    ],
    services: ["nftables.service"],
    files: [
      { path: "/etc/mailname", content: `${options.domain}\n` },
      { path: "/etc/nftables.conf", content: firewall(options) },
      ...commonFiles.filter(({ path }) => options.watch !== undefined || !path.includes("/okmail-watch.")),
      ...program,
    ],
  };
}

/** Units that do their work at boot and from time to time. */
export function timers({ tls, watch }: HostOptions): string[] {
  return [
    "okmail-parameters.timer",
    ...(tls.acme === undefined ? [] : ["okmail-certificate.timer", "certbot.timer"]),
    "okmail-metrics.timer",
    ...(watch === undefined ? [] : ["okmail-watch.timer"]),
  ];
}

/** While packages are installed, none starts what it brings (policy-rc.d(8)): their own settings aren't ours. */
export const startsNothing: HostFile = {
  path: "/usr/sbin/policy-rc.d",
  permissions: "0755",
  content: "#!/bin/sh\nexit 101\n",
};

/** How packages come: a mirror may be away for a moment. Security fixes install themselves, our files stay. */
export function packageSettings(helo: string): HostFile {
  return { path: "/etc/apt/apt.conf.d/52okmail", content: aptConf(helo) };
}

function aptConf(helo: string): string {
  return `Acquire::Retries "5";
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "${rebootTime(helo)}";
Dpkg::Options { "--force-confdef"; "--force-confold"; };
`;
}

/**
 * The minute between 02:00 and 05:59 UTC at which a host restarts when an update asks for it. By its name: so hosts of a
 * domain hardly ever restart together, and none gets another time, and with it new user data, when others come and go.
 */
function rebootTime(helo: string): string {
  const minute = 2 * 60 + (createHash("sha256").update(helo).digest().readUInt32BE() % (4 * 60));
  return new Date(minute * 60_000).toISOString().slice(11, 16);
}
