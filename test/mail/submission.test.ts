import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { postfixMainCf, postfixSettings, type PostfixOptions } from "../../mail/postfix.ts";
import {
  submissionPart,
  submissionServices,
  submissionUsersPath,
  userNameFault,
} from "../../mail/submission.ts";

const submission = {
  users: [
    { name: "app", parameterName: "/okmail/example.com/submission/app" },
    { name: "shop-1", parameterName: "/okmail/example.com/submission/shop-1" },
  ],
  messagesPerHour: 1200,
};
const options: PostfixOptions = {
  helo: "okmail.example.com",
  domain: "example.com",
  receivesMail: false,
  submission,
};
const part = submissionPart(submission);

function content(path: string): string {
  const file = part.files.find((candidate) => candidate.path === path);
  if (file === undefined) throw new Error(`no file ${path}`);
  return file.content;
}

describe("submissionPart", () => {
  test("is nothing without users to serve", () =>
    expect(submissionPart(undefined)).toEqual({ files: [], packages: [], services: [] }));

  test("holds no password and none of their parameters", () =>
    expect(JSON.stringify(part)).not.toContain("/okmail/example.com"));

  const unit = "/etc/systemd/system/dovecot.service.d/okmail.conf";

  test("has Dovecot read the file of users, and start only with it", () => {
    expect(content("/etc/dovecot/dovecot.conf")).toContain(`passwd_file_path = ${submissionUsersPath}\n`);
    expect(content(unit)).toContain(`ConditionPathExists=${submissionUsersPath}\n`);
    expect(part.services).toEqual(["dovecot.service", "policyd-rate-limit.service"]);
  });

  test("listens while Dovecot runs, and only then", () => {
    const disabled = /^master_service_disable = (.*)$/m.exec(postfixMainCf(options))?.[1] ?? "";
    const listeners = submissionServices(submission).map(({ name, type }) => `${name}/${type}`);
    expect(disabled.split(", ")).toEqual(listeners);
    expect(content(unit)).toContain(`ExecStartPost=+-/bin/sh -c 'postconf "master_service_disable="; `);
    expect(content(unit)).toContain(
      `ExecStopPost=+-/bin/sh -c 'postconf "master_service_disable=${disabled}"; `,
    );
  });

  test("has Dovecot serve nobody but Postfix, where Postfix asks", () => {
    const path = postfixSettings(options).get("smtpd_sasl_path") ?? "";
    expect(content("/etc/dovecot/dovecot.conf")).toMatch(/^protocols =$/m);
    expect(content("/etc/dovecot/dovecot.conf")).toContain(
      `unix_listener ${path.replace("/run/dovecot/", "")} {\n    mode = 0600\n    user = postfix\n`,
    );
  });

  test("answers wrong passwords late", () =>
    expect(content("/etc/dovecot/dovecot.conf")).toMatch(/^auth_failure_delay = [3-9]s$/m));

  test("counts each user's recipients in an hour, and refuses for now what is more or can't be counted", () => {
    const limits = parse(content("/etc/policyd-rate-limit.yaml")) as Record<string, unknown>;
    expect(limits).toMatchObject({
      SOCKET: ["127.0.0.1", 8552],
      limits: [[1200, 3600]],
      limit_by_sasl: true,
      count_mode: 1,
    });
    expect(limits.fail_action).toMatch(/^450 4\.7\.1 /);
    expect(limits.db_error_action).toMatch(/^451 4\.3\.0 /);
  });
});

describe("main.cf", () => {
  test.each([
    ["smtpd_sasl_type", "dovecot"],
    ["smtpd_tls_auth_only", "yes"],
    ["smtpd_sender_login_maps", "inline:{ { @example.com = app, shop-1 } }"],
    ["smtpd_tls_chain_files", "/etc/postfix/okmail-tls.pem"],
    ["smtpd_soft_error_limit", "3"],
    ["inet_interfaces", "loopback-only"],
  ])("has %s = %s where applications log in", (name, value) =>
    expect(postfixSettings(options).get(name)).toBe(value),
  );

  test("offers no log-in on port 25", () =>
    expect(postfixSettings(options).has("smtpd_sasl_auth_enable")).toBe(false));

  test.each([
    [100, "60"],
    [3600, "60"],
    [36_000, "600"],
  ])("lets a client log in as often as %i messages an hour need", (messagesPerHour, limit) =>
    expect(
      postfixSettings({ ...options, submission: { ...submission, messagesPerHour } }).get(
        "smtpd_client_auth_rate_limit",
      ),
    ).toBe(limit),
  );

  test("says nothing of users where there are none", () => {
    const names = [...postfixSettings({ ...options, submission: undefined }).keys()];
    expect(names.filter((name) => /sasl|login|auth_only|auth_rate/.test(name))).toEqual([]);
  });

  test("refuses a user whose name would mean more in a table", () =>
    expect(() =>
      postfixSettings({
        ...options,
        submission: { ...submission, users: [{ name: "a, b", parameterName: "/x" }] },
      }),
    ).toThrow('the submission user "a, b" is no user name'));
});

describe("userNameFault", () => {
  test.each(["app", "a", "shop-1", "x.y_z", "1st", "a".repeat(64)])("accepts %s", (name) =>
    expect(userNameFault(name)).toBeUndefined(),
  );

  test.each(["", "App", "a b", "a,b", "a:b", "a@b", "a}", "$a", "-a", ".a", "a\nb", "ü", "a".repeat(65)])(
    "refuses %j",
    (name) => expect(userNameFault(name)).toMatch(/^is no user name/),
  );
});
