import { describe, expect, it } from "vitest";
import { postfixMainCf, postfixSettings } from "../../mail/postfix.ts";
import { postfixMasterCf } from "../../mail/postfix-master-cf.ts";
import { hole } from "../../policy/user-data/hole.ts";
import { readMainCf } from "../../policy/user-data/main-cf-file.ts";
import { openRelays, openRelaySettings } from "../../policy/open-relay.ts";
import { readUserData } from "../../policy/user-data.ts";

/** The settings that open the relay, with `?` behind those that may. */
function opened(...lines: readonly string[]): string[] {
  return openRelaySettings(readMainCf(lines.join("\n"))).map(({ setting, outcome }) =>
    outcome === "disagrees" ? setting : `${setting}?`,
  );
}

const relay = "smtpd_relay_restrictions";
const recipient = "smtpd_recipient_restrictions";

type Cases = readonly (readonly [title: string, lines: readonly string[], opened: readonly string[]])[];

describe("a relay is closed", () => {
  const cases: Cases = [
    ["as Postfix comes", ["myhostname = a.example.com"], []],
    ["by reject_unauth_destination", [`${relay} = permit_mynetworks reject_unauth_destination`], []],
    [
      "by the restrictions on recipients alone",
      [`${relay} =`, `${recipient} = permit_sasl_authenticated, reject_unauth_destination`],
      [],
    ],
    ["by refusing everybody", [`${relay} = permit_mynetworks, reject`], []],
    [
      "by refusing clients before all",
      ["smtpd_client_restrictions = permit_mynetworks, reject", `${relay} = permit`],
      [],
    ],
    [
      "by a class that refuses",
      [
        "smtpd_restriction_classes = ours",
        "ours = reject_unauth_destination",
        `${relay} = permit_mynetworks, ours`,
      ],
      [],
    ],
    [
      "after a table that may permit some",
      [`${relay} = check_recipient_access hash:/x, reject_unauth_destination`],
      [],
    ],
    [
      "where Postfix listens to itself only",
      ["inet_interfaces = loopback-only", "mynetworks = 0.0.0.0/0", `${relay} = permit`],
      [],
    ],
    [
      "to private networks",
      [
        "mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128 10.0.0.0/8 172.16.0.0/12 192.168.1.0/24 100.64.0.0/10",
      ],
      [],
    ],
    [
      "to single public hosts and a small network",
      ["mynetworks = 127.0.0.0/8, 198.51.100.7, 198.51.100.0/24, 2001:db8::/48"],
      [],
    ],
    ["to what mynetworks leaves out", ["mynetworks = !0.0.0.0/0, 127.0.0.0/8"], []],
    [
      "to a mynetworks that nothing permits",
      ["mynetworks = 0.0.0.0/0", `${relay} = reject_unauth_destination`],
      [],
    ],
    ["to the host's own subnet", ["mynetworks_style = subnet"], []],
  ];
  it.each(cases)("%s", (_, lines, expected) => {
    expect(opened(...lines)).toEqual(expected);
  });

  it.each([true, false])("in okmail's own settings, receiving mail: %s", (receivesMail) => {
    const settings = postfixSettings({ helo: "okmail.example.com", domain: "example.com", receivesMail });
    expect(openRelaySettings({ settings, incomplete: false })).toEqual([]);
  });
});

describe("a relay is open", () => {
  const cases: Cases = [
    ["by trusting everybody", ["mynetworks = 0.0.0.0/0"], ["mynetworks"]],
    ["by trusting everybody over IPv6", ["mynetworks = 127.0.0.0/8, [::]/0"], ["mynetworks"]],
    [
      "by trusting everybody through another parameter",
      ["all = 0.0.0.0/0", "mynetworks = 127.0.0.0/8 $all"],
      ["mynetworks"],
    ],
    [
      "by trusting half of the internet twice",
      ["mynetworks = 0.0.0.0/1 128.0.0.0/1"],
      ["mynetworks", "mynetworks"],
    ],
    ["by trusting a wide public network", ["mynetworks = 198.51.0.0/16"], ["mynetworks"]],
    ["by trusting a network that merely begins privately", ["mynetworks = 10.0.0.0/4"], ["mynetworks"]],
    ["by trusting a wide network of IPv6", ["mynetworks = 2001:db8::/32"], ["mynetworks"]],
    ["by trusting its address class", ["mynetworks_style = class"], ["mynetworks_style"]],
    ["by permitting all", [`${relay} = permit`], [relay]],
    [
      "by permitting all before refusing",
      [`${relay} = permit_mynetworks, permit, reject_unauth_destination`],
      [relay],
    ],
    [
      "by any client certificate",
      [`${relay} = permit_tls_all_clientcerts, reject_unauth_destination`],
      [relay],
    ],
    ["by refusing nothing", [`${relay} = permit_mynetworks, permit_sasl_authenticated`], [relay]],
    ["by only warning", [`${relay} = warn_if_reject reject_unauth_destination`], [relay]],
    [
      "by refusing for other reasons only",
      [`${relay} = reject_unknown_client_hostname, reject_rbl_client x.example.org`],
      [relay],
    ],
    [
      "by a class that permits",
      ["smtpd_restriction_classes = ours", "ours = permit", `${relay} = ours, reject_unauth_destination`],
      [relay],
    ],
    ["by a destination that is everything", ["relay_domains = static:ok"], ["relay_domains"]],
  ];
  it.each(cases)("%s", (_, lines, expected) => {
    // The last list may be open, but the fault shown first is the one to mend.
    expect(opened(...lines).slice(0, expected.length)).toEqual(expected);
  });

  it("says which setting, what it is, why, and what to do", () => {
    expect(openRelaySettings(readMainCf("mynetworks = 10.0.0.0/8, 0.0.0.0/0"))).toEqual([
      {
        outcome: "disagrees",
        setting: "mynetworks",
        value: "10.0.0.0/8, 0.0.0.0/0",
        fault: "trusts every address there is (0.0.0.0/0)",
        fix: "Set mynetworks = 127.0.0.0/8, and let other hosts log in (permit_sasl_authenticated).",
      },
    ]);
  });
});

describe("whether a relay is open can't be told", () => {
  const cases: Cases = [
    ["from unknown networks", [`mynetworks = ${hole}`], ["mynetworks?"]],
    [
      "from networks in a file",
      ["mynetworks = /etc/postfix/networks, cidr:/x"],
      ["mynetworks?", "mynetworks?"],
    ],
    ["from unknown restrictions", [`${relay} = ${hole}`], [`${relay}?`]],
    ["from a table alone", [`${relay} = check_client_access hash:/x`], [`${relay}?`]],
    [
      "from a policy service before permit",
      [`${relay} = check_policy_service unix:x, permit`],
      [`${relay}?`],
    ],
    ["from a main.cf not seen", [hole], ["smtpd_client_restrictions?"]],
  ];
  it.each(cases)("%s", (_, lines, expected) => {
    expect(opened(...lines).slice(0, expected.length)).toEqual(expected);
  });
});

it("restriction classes inside each other take no time", () => {
  const classes = Array.from({ length: 60 }, (_, index) => `c${index} = c${index + 1} c${index + 1}`);
  const started = performance.now();
  opened(...classes, `${relay} = c0`);
  expect(performance.now() - started).toBeLessThan(500);
});

describe("each listener of master.cf is judged with its own settings", () => {
  const strangers = "-o smtpd_relay_restrictions=permit";
  const qmgr = "qmgr unix n - n 300 1 qmgr";
  const relayOf = (service: string) => `${service}/${relay}`;

  /** Open settings of a host with this main.cf, whose master.cf gets these lines. */
  function openedBy(mainCf: readonly string[], masterCf: readonly string[], ...commands: string[]): string[] {
    const files = [
      { path: "/etc/postfix/main.cf", content: `${["myhostname = a.example.com", ...mainCf].join("\n")}\n` },
      { path: "/etc/postfix/master.cf", content: masterCf.map((line) => `${line}\n`).join("") },
    ];
    const userData = `#cloud-config\n${JSON.stringify({ write_files: files, runcmd: commands })}`;
    return openRelays(readUserData(userData, undefined).smtpServers).map(({ setting, outcome }) =>
      outcome === "disagrees" ? setting : `${setting}?`,
    );
  }

  const cases: readonly (readonly [
    title: string,
    mainCf: readonly string[],
    masterCf: readonly string[],
    opened: readonly string[],
  ])[] = [
    [
      "closed where only those who log in get through",
      [],
      ["submission inet n - y - - smtpd", "  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject"],
      [],
    ],
    [
      "closed by a list with white space in it",
      [`${relay} = permit`],
      [qmgr, "smtp inet n - n - - smtpd", `  -o { ${relay} = permit_mynetworks, reject }`],
      [],
    ],
    [
      "closed by refusing the client before all",
      [],
      ["submission inet n - n - - smtpd -o smtpd_client_restrictions=reject", `  ${strangers}`],
      [],
    ],
    [
      "open on another port",
      [],
      [`submission inet n - n - - smtpd ${strangers}`],
      [relayOf("submission/inet")],
    ],
    [
      "open on an address and port",
      ["inet_interfaces = loopback-only"],
      [`0.0.0.0:2525 inet n - n - - smtpd ${strangers}`],
      [relayOf("0.0.0.0:2525/inet")],
    ],
    [
      "open behind postscreen",
      [],
      [qmgr, "smtp inet n - n - 1 postscreen", `smtpd pass - - n - - smtpd ${strangers}`],
      [relayOf("smtpd/pass")],
    ],
    [
      "open by a parameter that the override names",
      ["everybody = permit"],
      [`submission inet n - n - - smtpd -o ${relay}=$everybody`],
      [relayOf("submission/inet")],
    ],
    [
      "open by taking away the list that main.cf closes with",
      [`${relay} =`, `${recipient} = reject_unauth_destination`],
      [`submission inet n - n - - smtpd -o ${recipient}=`],
      [relayOf("submission/inet")],
    ],
    [
      "open for whom a service trusts",
      [],
      ["smtp inet n - n - - smtpd -o mynetworks=0.0.0.0/0"],
      ["smtp/inet/mynetworks"],
    ],
    ["open in main.cf, and said once", [`${relay} = permit`], ["submission inet n - n - - smtpd"], [relay]],
    [
      "closed on the loopback interface",
      [],
      [
        qmgr,
        `127.0.0.1:10025 inet n - n - - smtpd ${strangers}`,
        `[::1]:26 inet n - n - - smtpd ${strangers}`,
      ],
      [],
    ],
    ["closed where it is no SMTP server", [], [`policy inet n n n - - spawn ${strangers}`], []],
    ["closed where it is a socket of the host", [], [`inject unix n - n - - smtpd ${strangers}`], []],
    ["closed in a comment", [], [`#submission inet n - n - - smtpd ${strangers}`], []],
    [
      "unknown by a table",
      [],
      [`submission inet n - n - - smtpd -o ${relay}=check_client_access,hash:/x`],
      [`${relayOf("submission/inet")}?`],
    ],
  ];
  it.each(cases)("%s", (_, mainCf, masterCf, expected) => {
    expect(openedBy(mainCf, masterCf)).toEqual(expected);
  });

  it("also where postconf -M and -P make it", () => {
    expect(
      openedBy(
        [],
        [],
        "postconf -M 'submission/inet=submission inet n - y - - smtpd'",
        `postconf -P 'submission/inet/${relay}=permit'`,
      ),
    ).toEqual([relayOf("submission/inet")]);
    expect(openedBy([], [], `postconf -P smtp/inet/${relay}=permit`)).toEqual([relayOf("smtp/inet")]);
  });

  it.each([true, false])("and okmail's are closed, receiving mail: %s", (receivesMail) => {
    const options = {
      helo: "okmail.example.com",
      domain: "example.com",
      receivesMail,
      submission: { users: [{ name: "app", parameterName: "/x" }], messagesPerHour: 100 },
    };
    expect(openedBy([postfixMainCf(options)], [postfixMasterCf(options)])).toEqual([]);
    const servers = readUserData(
      `#cloud-config\n${JSON.stringify({
        write_files: [
          { path: "/etc/postfix/main.cf", content: postfixMainCf(options) },
          { path: "/etc/postfix/master.cf", content: postfixMasterCf(options) },
        ],
      })}`,
      undefined,
    ).smtpServers;
    expect(servers.map(({ name }) => name)).toEqual([
      "smtp/inet",
      "0.0.0.0:submission/inet",
      "0.0.0.0:submissions/inet",
    ]);
  });
});
