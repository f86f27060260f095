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
      ...commonFiles,
      ...program,
    ],
  };
}

/** Units that do their work at boot and from time to time. */
export function timers({ tls }: HostOptions): string[] {
  return [
    "okmail-parameters.timer",
    ...(tls.acme === undefined ? [] : ["okmail-certificate.timer", "certbot.timer"]),
    "okmail-metrics.timer",
  ];
}

/** While packages are installed, none starts what it brings (policy-rc.d(8)): their own settings aren't ours. */
export const startsNothing: HostFile = {
  path: "/usr/sbin/policy-rc.d",
  permissions: "0755",
  content: "#!/bin/sh\nexit 101\n",
};

/** How packages come: a mirror may be away for a moment. Security fixes install themselves, our files stay. */
export const packageSettings: HostFile = {
  path: "/etc/apt/apt.conf.d/52okmail",
  content: `Acquire::Retries "5";
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "04:00";
Dpkg::Options { "--force-confdef"; "--force-confold"; };
`,
};
