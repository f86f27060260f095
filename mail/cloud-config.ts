import { stringify } from "yaml";
import { selectorFault } from "./dkim.ts";
import { fetchDkimKeyScript } from "./fetch-dkim-key.ts";
import { hostNameFault } from "./host-name.ts";
import { dkimKeyPath, openDkimFiles, type HostFile } from "./opendkim.ts";
import { postfixMainCf, type PostfixOptions } from "./postfix.ts";
import { sessionManagerScript } from "./session-manager.ts";

/** Most octets of user data that EC2 takes, before base64 ("Instance user data", EC2 user guide). */
const maxUserData = 16_384;

/** What a host has to know to send the domain's mail. */
export interface HostOptions extends PostfixOptions {
  /** The AWS region the host is in, "eu-central-1". */
  readonly region: string;
  /** The selector of the DKIM key, and the SSM SecureString parameter that holds its private half in PEM. */
  readonly dkim: { readonly selector: string; readonly parameterName: string };
}

/**
 * The user data that makes a Debian 13 (or 12) instance a mail host: host name, packages, Postfix, OpenDKIM, the DKIM
 * key from SSM on every boot, Session Manager. The same options give the same text. There is no secret in it.
 * @throws RangeError if an option is invalid or the text exceeds EC2's 16,384 octets
 */
export function cloudConfig(options: HostOptions): string {
  checkNames(options);
  const { helo } = options;
  const config = {
    hostname: helo.replace(/\..*/, ""),
    fqdn: helo,
    // EC2 calls the machine ip-10-0-0-1.ec2.internal and would do so again on the next boot.
    prefer_fqdn_over_hostname: true,
    preserve_hostname: false,
    manage_etc_hosts: true,
    package_update: true,
    packages,
    write_files: hostFiles(options).map(writeFile),
    runcmd,
  };
  // cloud-init reads YAML 1.1, where a bare 0755 is a number and a bare no is false.
  const text = `#cloud-config\n${stringify(config, { version: "1.1", lineWidth: 0 })}`;
  const octets = Buffer.byteLength(text);
  if (octets > maxUserData) {
    throw new RangeError(`the user data of ${helo} takes ${octets} octets; EC2 takes ${maxUserData}`);
  }
  return text;
}

const packages = [
  "ca-certificates",
  "chrony",
  "curl",
  "opendkim",
  "opendkim-tools",
  "postfix",
  "python3-boto3",
  "ssl-cert",
  "unattended-upgrades",
] as const;

const keyService = "okmail-dkim-key.service";
const fetchKey = "/usr/local/sbin/okmail-fetch-dkim-key";
const installSessionManager = "/usr/local/sbin/okmail-install-session-manager";

const runcmd: readonly (readonly string[])[] = [
  // Whoever reads a main.cf less than two seconds old, waits; systemd's generators do so at once.
  ["touch", "--date=10 seconds ago", "/etc/postfix/main.cf"],
  ["systemctl", "daemon-reload"],
  ["systemctl", "enable", keyService, "opendkim.service", "postfix.service"],
  // Starts the key service first, see its unit.
  ["systemctl", "restart", "opendkim.service"],
  ["systemctl", "restart", "postfix.service"],
  // Last, and its failure is logged and no more: mail doesn't wait for it.
  ["sh", "-c", `${installSessionManager} || logger --priority user.warning "okmail: no Session Manager"`],
];

interface FileOnHost extends HostFile {
  readonly permissions?: string;
}

function hostFiles(options: HostOptions): FileOnHost[] {
  const { domain, helo, region, dkim } = options;
  return [
    { path: "/etc/mailname", content: `${domain}\n` },
    { path: "/etc/postfix/main.cf", content: postfixMainCf(options) },
    ...openDkimFiles({ domain, helo, selector: dkim.selector }),
    { path: fetchKey, permissions: "0755", content: fetchDkimKeyScript },
    { path: `/etc/systemd/system/${keyService}`, content: keyUnit(region, dkim) },
    // Debian 13 runs Postfix as postfix.service, Debian 12 as postfix@-.service.
    { path: "/etc/systemd/system/postfix.service.d/okmail.conf", content: afterOpenDkim },
    { path: "/etc/systemd/system/postfix@.service.d/okmail.conf", content: afterOpenDkim },
    { path: "/etc/apt/apt.conf.d/52okmail", content: upgrades },
    { path: installSessionManager, permissions: "0755", content: sessionManagerScript(region) },
  ];
}

/** All files come after the packages (`defer`): they replace what packages bring and belong to users they make. */
function writeFile({ path, permissions = "0644", content }: FileOnHost) {
  return { path, permissions, defer: true, content };
}

/**
 * Fetches the key on every boot, before OpenDKIM starts. OpenDKIM doesn't need it to succeed: without a key it answers
 * "try again", and this service goes on trying.
 */
function keyUnit(region: string, { selector, parameterName }: HostOptions["dkim"]): string {
  const keyPath = dkimKeyPath(selector);
  return `[Unit]
Description=DKIM key from the SSM parameter store
Wants=network-online.target
After=network-online.target
Before=opendkim.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${fetchKey} --region ${region} --parameter ${parameterName} --owner opendkim ${keyPath}
TimeoutStartSec=5min
Restart=on-failure
RestartSec=30
ProtectSystem=strict
ReadWritePaths=/etc/dkimkeys
ProtectHome=yes
PrivateTmp=yes
NoNewPrivileges=yes

[Install]
WantedBy=opendkim.service
`;
}

const afterOpenDkim = `[Unit]
Wants=network-online.target opendkim.service
After=network-online.target opendkim.service
`;

/** Security fixes install themselves, also for packages whose configuration files are ours. */
const upgrades = `APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Dpkg::Options { "--force-confdef"; "--force-confold"; };
`;

/** These go into files as they stand, so they must be what they say. */
function checkNames({ helo, domain, region, dkim }: HostOptions): void {
  const faults = [
    ["HELO name", helo, hostNameFault(helo)],
    ["domain", domain, hostNameFault(domain)],
    ["DKIM selector", dkim.selector, selectorFault(dkim.selector)],
    ["region", region, /^[a-z]+(-[a-z]+)+-\d+$/.test(region) ? undefined : "is no AWS region"],
    // Systems Manager's PutParameter: letters, digits and these marks.
    [
      "parameter name",
      dkim.parameterName,
      /^[\w.\-/]+$/.test(dkim.parameterName) ? undefined : "is none of SSM",
    ],
  ] as const;
  for (const [what, value, fault] of faults) {
    if (fault !== undefined) throw new RangeError(`the ${what} "${value}" ${fault}`);
  }
}
