import { stringify } from "yaml";
import { selectorFault } from "./dkim.ts";
import { factsPath, hostFacts } from "./host/facts.ts";
import type { HostOptions } from "./host/options.ts";
import { packageSettings, startsNothing, systemPart, timers } from "./host/system.ts";
import { hostNameFault } from "./host-name.ts";
import type { HostFile } from "./host-part.ts";
import { openDkimPart } from "./opendkim.ts";
import { resolverPart } from "./postfix-resolver.ts";
import { postfixPart } from "./postfix.ts";
import { submissionPart } from "./submission.ts";

export type { DkimSigningKey, HostOptions } from "./host/options.ts";
export { userDataBase64 } from "./host/user-data.ts";

/**
 * The cloud-config that makes a Debian 13 instance a mail host: host name, packages, the files of all parts, and the
 * order in which they start. The same options give the same text. There is no secret in it.
 * @throws RangeError if an option is invalid
 */
export function cloudConfig(options: HostOptions): string {
  checkNames(options);
  const { helo, region } = options;
  const parts = [
    systemPart(options),
    resolverPart,
    openDkimPart(options),
    submissionPart(options.submission),
    postfixPart(options),
  ];
  const services = parts.flatMap((part) => part.services);
  const files: readonly HostFile[] = [
    { path: factsPath, content: hostFacts(options, services) },
    ...parts.flatMap((part) => part.files),
  ];
  const config = {
    hostname: helo.replace(/\..*/, ""),
    fqdn: helo,
    // EC2 calls the machine ip-10-0-0-1.ec2.internal and would do so again on the next boot.
    prefer_fqdn_over_hostname: true,
    preserve_hostname: false,
    manage_etc_hosts: true,
    bootcmd: [resumeFirstBoot],
    package_update: true,
    packages: [...new Set(parts.flatMap((part) => part.packages))].sort(),
    write_files: [
      ...[startsNothing, packageSettings(helo)].map((file) => writeFile(file)),
      // After the packages: they replace what packages bring and belong to users they make.
      ...files.map((file) => writeFile(file, { defer: true })),
    ],
    runcmd: commands(services, timers(options), region),
  };
  // cloud-init reads YAML 1.1, where a bare 0755 is a number and a bare no is false.
  return `#cloud-config\n${stringify(config, { version: "1.1", lineWidth: 0, indent: 1 })}`;
}

/** There once the first boot has come to its end. */
const readyPath = "/etc/okmail/ready";

/**
 * On each boot, before all else. cloud-init takes for done whatever it has begun: a first boot that the power was cut in
 * would stay what it is, so all of it is done again.
 */
const resumeFirstBoot = `test -e ${readyPath} || { dpkg --force-confold --configure -a; rm -f /var/lib/cloud/instance/sem/*; }`;

function writeFile({ path, permissions = "0644", content }: HostFile, when: { defer?: true } = {}) {
  return { path, permissions, ...when, content: withoutComments(content) };
}

/**
 * Less lines of comments, but for the one that names an interpreter, and empty lines: there is little room in user data,
 * and what comments say is said in the repository.
 */
function withoutComments(text: string): string {
  return text.replace(/^ *#(?!!).*\n|^\n/gm, "");
}

/** What starts, and when: a failure stops nothing that comes after it. */
function commands(services: readonly string[], timerUnits: readonly string[], region: string): string[][] {
  const sessionManager = `okmail-session-manager@${region}.service`;
  return [
    ["rm", "--force", startsNothing.path],
    // Whoever reads a main.cf less than two seconds old, waits; systemd's generators do so at once.
    ["touch", "--date=10 seconds ago", "/etc/postfix/main.cf"],
    // Enabling a unit that has a System V script besides takes seconds for each; this takes none.
    ["systemctl", "--no-reload", "add-wants", "multi-user.target", ...services],
    ["systemctl", "--no-reload", "enable", ...timerUnits, sessionManager],
    ["systemctl", "daemon-reload"],
    ["systemctl", "restart", "systemd-journald.service", "chrony.service"],
    // systemd knows the order. Postfix waits for its volume, for two minutes. With the secrets the host is ready, so they
    // are waited for, once.
    ["systemctl", "restart", ...services, ...timerUnits, "okmail-parameters.service"],
    // Nothing waits for it.
    ["systemctl", "start", "--no-block", sessionManager],
    ["touch", readyPath],
  ];
}

/** These go into files as they stand, so they must be what they say. */
function checkNames({ helo, domain, region, dkim, submission, tls, watch }: HostOptions): void {
  if (dkim.length === 0) throw new RangeError(`${helo} has no DKIM key, so its mail would go unsigned`);
  const parameterNames = [
    ...[...dkim, ...(submission?.users ?? [])].map(({ parameterName }) => parameterName),
    ...(tls.keyParameterName === undefined ? [] : [tls.keyParameterName]),
    ...(watch === undefined ? [] : [watch.parameterName]),
  ];
  const faults: readonly (readonly [what: string, value: string, fault: string | undefined])[] = [
    ["HELO name", helo, hostNameFault(helo)],
    ["domain", domain, hostNameFault(domain)],
    ...dkim.map(({ selector }) => ["DKIM selector", selector, selectorFault(selector)] as const),
    ["region", region, /^[a-z]+(-[a-z]+)+-\d+$/.test(region) ? undefined : "is no AWS region"],
    // Systems Manager's PutParameter: letters, digits and these marks.
    ...parameterNames.map(
      (name) => ["parameter name", name, /^[\w.\-/]+$/.test(name) ? undefined : "is none of SSM"] as const,
    ),
    ...(tls.acme === undefined
      ? []
      : [["ACME directory", tls.acme.directory, directoryFault(tls.acme.directory)] as const]),
  ];
  for (const [what, value, fault] of faults) {
    if (fault !== undefined) throw new RangeError(`the ${what} "${value}" ${fault}`);
  }
}

function directoryFault(url: string): string | undefined {
  return URL.parse(url)?.protocol === "https:" ? undefined : "is no https:// address";
}
