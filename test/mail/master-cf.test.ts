import { describe, expect, test } from "vitest";
import { renderMasterCf, type MasterService } from "../../mail/master-cf.ts";
import { postfixMasterCf } from "../../mail/postfix-master-cf.ts";
import { expand, postfixSettings, type PostfixOptions } from "../../mail/postfix.ts";
import { transportServices } from "../../mail/transports.ts";

const service: MasterService = { name: "smtp", type: "inet", command: "smtpd" };

describe("renderMasterCf", () => {
  test.each<[string, Partial<MasterService>, string]>([
    ["Postfix's defaults as hyphens, and no chroot", {}, "smtp inet - - n - - smtpd\n"],
    ["a public service", { isPrivate: false }, "smtp inet n - n - - smtpd\n"],
    ["a service of root", { isUnprivileged: false }, "smtp inet - n n - - smtpd\n"],
    ["a service that is woken up", { wakeUp: "300?", processes: 1 }, "smtp inet - - n 300? 1 smtpd\n"],
    ["any number of processes", { processes: 0 }, "smtp inet - - n - 0 smtpd\n"],
    ["a reason above", { reason: "Because." }, "# Because.\nsmtp inet - - n - - smtpd\n"],
    [
      "overrides on lines of their own",
      {
        overrides: [
          ["a", "b,c"],
          ["d", ""],
        ],
      },
      "smtp inet - - n - - smtpd\n  -o a=b,c\n  -o d=\n",
    ],
    [
      "braces around white space",
      { overrides: [["a", "b, c"]] },
      "smtp inet - - n - - smtpd\n  -o { a = b, c }\n",
    ],
  ])("writes %s", (_, columns, text) => expect(renderMasterCf([{ ...service, ...columns }])).toBe(text));

  test.each(["a\nb", "a } b", "{a"])("refuses an override of %j", (value) =>
    expect(() => renderMasterCf([{ ...service, overrides: [["p", value]] }])).toThrow(RangeError),
  );
});

const sender: PostfixOptions = { helo: "okmail.example.com", domain: "example.com", receivesMail: false };
const submission = { users: [{ name: "app", parameterName: "/x" }], messagesPerHour: 500 };

/** Services by `name/type`, each with its columns and overrides. */
function services(options: PostfixOptions): ReadonlyMap<string, string> {
  const entries = postfixMasterCf(options)
    .replace(/^#.*\n/gm, "")
    .replace(/\n +/g, " ")
    .trimEnd()
    .split("\n")
    .map((line) => [line.split(" ", 2).join("/"), line] as const);
  expect(new Set(entries.map(([name]) => name)).size).toBe(entries.length);
  return new Map(entries);
}

const inet = (options: PostfixOptions) =>
  [...services(options).keys()].filter((name) => name.endsWith("/inet"));

describe("master.cf of a host", () => {
  test("listens on port 25 alone without submission", () => expect(inet(sender)).toEqual(["smtp/inet"]));

  test("listens on ports 587 and 465 of all addresses with submission, also where 25 is local", () =>
    expect(inet({ ...sender, submission })).toEqual([
      "smtp/inet",
      "0.0.0.0:submission/inet",
      "0.0.0.0:submissions/inet",
    ]));

  test.each(["pickup", "cleanup", "qmgr", "rewrite", "bounce", "defer", "trace", "local", "smtp", "tlsmgr"])(
    "has %s, without which Postfix does not work",
    (name) => expect(services(sender).has(`${name}/unix`)).toBe(true),
  );

  test("has what its settings need: a TLS proxy, a connection cache, the counter of clients", () => {
    expect(expand(postfixSettings(sender), "smtp_tls_connection_reuse")).toBe("yes");
    for (const name of ["tlsproxy", "scache", "anvil"])
      expect(services(sender).has(`${name}/unix`)).toBe(true);
  });

  test("has each transport that transport_maps names", () => {
    const maps = postfixSettings(sender).get("transport_maps") ?? "";
    const named = Array.from(maps.matchAll(/ (\w+): \}/g), ([, name]) => name);
    expect(named).toEqual(transportServices.map(({ name }) => name));
    for (const name of named) expect(services(sender).get(`${name ?? ""}/unix`)).toMatch(/ smtp( |$)/);
  });

  test("runs nothing in a chroot", () => {
    for (const line of services({ ...sender, submission }).values()) expect(line.split(" ")[4]).toBe("n");
  });

  describe.each(["0.0.0.0:submission/inet", "0.0.0.0:submissions/inet"])("%s", (name) => {
    const line = services({ ...sender, submission }).get(name) ?? "";

    test.each([
      "smtpd_sasl_auth_enable=yes",
      "smtpd_client_restrictions=permit_sasl_authenticated,reject",
      "smtpd_relay_restrictions=permit_sasl_authenticated,reject",
      "smtpd_sender_restrictions=reject_sender_login_mismatch",
      "smtpd_data_restrictions=check_policy_service,inet:127.0.0.1:8552",
      "smtpd_hide_client_session=yes",
      "smtpd_recipient_limit=100",
      "smtpd_milter_maps=",
    ])("has %s", (override) => expect(`${line} `).toContain(` -o ${override} `));
  });

  test("encrypts before anything else, on request or from the start", () => {
    const all = services({ ...sender, submission });
    expect(all.get("0.0.0.0:submission/inet")).toContain(" -o smtpd_tls_security_level=encrypt ");
    expect(all.get("0.0.0.0:submissions/inet")).toContain(" -o smtpd_tls_wrappermode=yes ");
  });

  test("never takes more recipients at a time than a user has in an hour: that would never pass", () =>
    expect(
      services({ ...sender, submission: { ...submission, messagesPerHour: 20 } }).get(
        "0.0.0.0:submission/inet",
      ),
    ).toContain(" -o smtpd_recipient_limit=20 "));
});
