import type { SubmissionOptions } from "./host/options.ts";
import type { HostPart } from "./host-part.ts";
import type { MasterService } from "./master-cf.ts";
import type { Setting } from "./postfix.ts";

/**
 * Who may log in, one user a line: `NAME:{SCHEME}HASH` (Dovecot's passwd-file). Dovecot starts only if it is there, to be
 * started by who has written it, and reads a new one at once. To be replaced as a whole, readable by the group `dovecot`
 * only.
 */
export const submissionUsersPath = "/etc/dovecot/okmail.users";

const authSocket = "/run/dovecot/okmail-auth";

/** Where they listen, outside also where inet_interfaces says that port 25 doesn't: RFC 6409, and RFC 8314 3.3. */
const listeners = { startTls: "0.0.0.0:submission", implicitTls: "0.0.0.0:submissions" } as const;
const closedListeners = Object.values(listeners)
  .map((name) => `${name}/inet`)
  .join(", ");

/** Listens on the loopback interface only. */
const ratePolicy = { address: "127.0.0.1", port: 8552 } as const;

/** Most recipients of one message; servers take at least as many (RFC 5321 4.5.3.1.8). */
const maxRecipients = 100;

/**
 * Names that stand for themselves in Dovecot's passwd-file and Postfix's tables. Dovecot makes what a client says lower
 * case.
 */
const userName = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Why `name` can't be a user of the submission service, undefined if it can. A phrase that follows the name. */
export function userNameFault(name: string): string | undefined {
  return userName.test(name)
    ? undefined
    : "is no user name: at most 64 lower case letters, digits, dots, underscores and hyphens, the first a letter or digit";
}

/** What submission needs besides Postfix: Dovecot, which knows the passwords, and a counter of messages. */
export function submissionPart(options: SubmissionOptions | undefined): HostPart {
  if (options === undefined) return { files: [], packages: [], services: [] };
  return {
    packages: ["dovecot-core", "policyd-rate-limit"],
    services: ["dovecot.service", "policyd-rate-limit.service"],
    files: [
      { path: "/etc/dovecot/dovecot.conf", content: dovecotConf },
      { path: "/etc/systemd/system/dovecot.service.d/okmail.conf", content: opensListeners },
      { path: "/etc/policyd-rate-limit.yaml", content: rateLimits(options) },
      { path: "/etc/systemd/system/policyd-rate-limit.service.d/okmail.conf", content: restarted },
    ],
  };
}

/** The part of main.cf about those who log in. */
export function submissionSettings(
  domain: string,
  options: SubmissionOptions | undefined,
): readonly Setting[] {
  if (options === undefined) return [];
  return [
    ["smtpd_sasl_type", "dovecot", "Dovecot knows the users' passwords."],
    ["smtpd_sasl_path", authSocket, "Where it listens."],
    ["smtpd_tls_auth_only", "yes", "No password before encryption."],
    [
      "master_service_disable",
      closedListeners,
      "Without Dovecot clients are refused at once instead of kept waiting; its unit opens and closes the listeners.",
    ],
    [
      "smtpd_sender_login_maps",
      `inline:{ { @${domain} = ${names(options).join(", ")} } }`,
      "MAIL FROM of those who log in: any address of the domain, or none, as in automatic answers.",
    ],
    [
      "smtpd_client_auth_rate_limit",
      String(Math.max(60, Math.ceil(options.messagesPerHour / 60))),
      "Logins of one client in a minute. Dovecot slows down the wrong ones.",
    ],
  ];
}

/** The listeners on 587 and 465. */
export function submissionServices(options: SubmissionOptions | undefined): readonly MasterService[] {
  if (options === undefined) return [];
  return [
    {
      ...smtpd(listeners.startTls),
      overrides: [["smtpd_tls_security_level", "encrypt"], ...forUsers(options)],
      reason: "Applications log in and send as the domain, and nobody else gets through.",
    },
    { ...smtpd(listeners.implicitTls), overrides: [["smtpd_tls_wrappermode", "yes"], ...forUsers(options)] },
  ];
}

function smtpd(name: string) {
  return { name, type: "inet", isPrivate: false, command: "smtpd" } as const;
}

function forUsers({ messagesPerHour }: SubmissionOptions): (readonly [name: string, value: string])[] {
  return [
    ["syslog_name", "postfix/submission"],
    ["smtpd_sasl_auth_enable", "yes"],
    ["smtpd_client_restrictions", "permit_sasl_authenticated,reject"],
    ["smtpd_helo_restrictions", ""],
    ["smtpd_sender_restrictions", "reject_sender_login_mismatch"],
    ["smtpd_relay_restrictions", "permit_sasl_authenticated,reject"],
    ["smtpd_data_restrictions", `check_policy_service,inet:${ratePolicy.address}:${ratePolicy.port}`],
    ["smtpd_recipient_limit", String(Math.min(maxRecipients, messagesPerHour))],
    ["smtpd_milter_maps", ""],
    // Adds a Date, Message-ID or From that is missing, as RFC 6409 8 lets it.
    ["local_header_rewrite_clients", "permit_sasl_authenticated"],
    // No address or name of the client in Received.
    ["smtpd_hide_client_session", "yes"],
  ];
}

function names({ users }: SubmissionOptions): string[] {
  for (const { name } of users) {
    const fault = userNameFault(name);
    if (fault !== undefined) throw new RangeError(`the submission user "${name}" ${fault}`);
  }
  return users.map(({ name }) => name);
}

const dovecotConf = `# Checks passwords for Postfix, and does nothing else.
dovecot_config_version = 2.4.1
dovecot_storage_version = 2.4.1
protocols =
ssl = no
# Postfix takes passwords over TLS only.
auth_allow_cleartext = yes
auth_mechanisms = plain login
# A wrong password is answered late; who else comes from the same address, doesn't wait.
auth_failure_delay = 3s
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}

passdb passwd-file {
  passwd_file_path = ${submissionUsersPath}
}

service auth {
  unix_listener ${authSocket.replace("/run/dovecot/", "")} {
    mode = 0600
    user = postfix
  }
}
`;

/** Debian's units don't, and Postfix takes no mail from users without these. */
const restarted = `[Service]
Restart=on-failure
RestartSec=5
`;

/**
 * Without its file Dovecot would say that every password is wrong. The plus lets the commands write to /etc; a Postfix that
 * doesn't run reads main.cf when it starts. A main.cf less than two seconds old would have its readers wait.
 */
const opensListeners = `[Unit]
ConditionPathExists=${submissionUsersPath}

${restarted}ExecStartPost=+-/bin/sh -c '${disabling("")}'
ExecStopPost=+-/bin/sh -c '${disabling(closedListeners)}'
`;

function disabling(services: string): string {
  return `postconf "master_service_disable=${services}"; touch -d "10 seconds ago" /etc/postfix/main.cf; postfix reload`;
}

/** policyd-rate-limit.yaml(5). A message counts once for each recipient, as receivers count. */
function rateLimits({ messagesPerHour }: SubmissionOptions): string {
  return `debug: False
SOCKET: ["${ratePolicy.address}", ${ratePolicy.port}]
# Recipients in so many seconds, for each user.
limits:
    - [${messagesPerHour}, 3600]
limit_by_sasl: True
# Has no default, though policyd-rate-limit.yaml(5) says so.
sql_limits_by_id: ""
count_mode: 1
fail_action: "450 4.7.1 more than ${messagesPerHour} recipients in an hour, try later"
db_error_action: "451 4.3.0 messages can't be counted, try later"
`;
}
