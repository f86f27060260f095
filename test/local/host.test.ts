import { afterEach, describe, expect, it, test } from "vitest";
import { readGuest, type Guest } from "../../local/host/guest.ts";
import {
  INSTANCE,
  ACCOUNT,
  ELASTIC_IP,
  KEY,
  openCloud,
  PARAMETER_ARN,
  USER_DATA,
  type Deviation,
} from "./host-cloud.ts";

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

function read(deviation: Deviation = {}): Guest {
  const { store, close } = openCloud(deviation);
  cleanUps.push(close);
  return readGuest(store, ACCOUNT, INSTANCE);
}

/** The good user data with one text in place of another. */
function changed(before: string | RegExp, after: string): Deviation {
  const userData = USER_DATA.replaceAll(before, after);
  if (userData === USER_DATA) throw new Error(`${String(before)} isn't in the user data`);
  return { instance: { userData } };
}

describe("a host as the components declare it", () => {
  it("says HELO, signs and sends as its user data has it", () => {
    const guest = read();
    expect(guest).toMatchObject({
      instanceId: INSTANCE,
      helo: "okmail.example.com",
      source: { kind: "elastic", ip: ELASTIC_IP },
    });
    expect(guest.signing).toContainEqual({
      author: "*@example.com",
      domain: "example.com",
      selector: "k1",
      keyPath: "/etc/dkimkeys/k1.pem",
      privateKey: KEY,
    });
    expect(guest.setting("smtp_tls_security_level")).toBe("dane");
    expect(guest.letsOut({ address: "203.0.113.25", port: 25 })).toBe(true);
  });

  it("is the same from base64 user data", () =>
    expect(
      read({
        instance: { userData: undefined as never, userDataBase64: Buffer.from(USER_DATA).toString("base64") },
      }).helo,
    ).toBe("okmail.example.com"));
});

describe("its HELO name", () => {
  test.each([
    [
      "is smtp_helo_name",
      changed("smtp_helo_name = okmail.example.com", "smtp_helo_name = other.example.com"),
      "other.example.com",
    ],
    [
      "is myhostname where that is missing",
      changed("smtp_helo_name = okmail.example.com", "#"),
      "okmail.example.com",
    ],
    [
      "is the last that is set",
      changed(/^( *)smtp_helo_name = .*$/gm, "$1smtp_helo_name = a\n$1smtp_helo_name = other.example.com"),
      "other.example.com",
    ],
  ])("%s", (_, deviation, helo) => expect(read(deviation).helo).toBe(helo));

  it("is the fqdn where main.cf says nothing", () => {
    const userData =
      "#cloud-config\nfqdn: a.example.com\nwrite_files:\n- path: /etc/postfix/main.cf\n  content: |\n    inet_protocols = ipv4\n";
    expect(read({ instance: { userData } }).helo).toBe("a.example.com");
  });
});

describe("its address", () => {
  test.each<[string, Deviation, object]>([
    [
      "is the Elastic IP rather than the automatic one",
      { automaticIp: "192.0.2.200" },
      { kind: "elastic", ip: ELASTIC_IP },
    ],
    [
      "is the automatic one without an Elastic IP",
      { association: null, automaticIp: "192.0.2.200" },
      { kind: "automatic", ip: "192.0.2.200" },
    ],
    ["is none without either", { association: null }, { kind: "none" }],
  ])("%s", (_, deviation, source) => expect(read(deviation).source).toEqual(source));
});

describe("its DKIM key", () => {
  const fault = (deviation: Deviation) => read(deviation).signing[0]?.fault;
  test.each<[string, Deviation, string]>([
    [
      "its role doesn't allow it",
      { policy: null },
      `the instance's role doesn't allow ssm:GetParameter on ${PARAMETER_ARN}`,
    ],
    [
      "its role allows another parameter",
      { policy: { Statement: { Effect: "Allow", Action: "ssm:*", Resource: `${PARAMETER_ARN}x` } } },
      "doesn't allow",
    ],
    ["it has no role", { instance: { iamInstanceProfile: "none" } }, "doesn't allow"],
    [
      "there is no such parameter",
      { parameter: null },
      "there is no SSM parameter /okmail/example.com/dkim/k1 in eu-central-1",
    ],
    [
      "it asks in another Region",
      {
        ...changed('"region": "eu-central-1"', '"region": "eu-west-1"'),
        policy: { Statement: { Effect: "Allow", Action: "*", Resource: "*" } },
      },
      "there is no SSM parameter /okmail/example.com/dkim/k1 in eu-west-1",
    ],
    [
      "it fetches it to another place",
      changed('"file": "/etc/dkimkeys/k1.pem"', '"file": "/etc/dkimkeys/k2.pem"'),
      "nothing puts a key at /etc/dkimkeys/k1.pem",
    ],
  ])("is missing where %s", (_, deviation, text) => expect(fault(deviation)).toContain(text));

  it("is there by AWS's managed policy too", () => {
    const attachedPolicy = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
    expect(read({ policy: null, attachedPolicy }).signing[0]?.privateKey).toBe(KEY);
  });

  it("isn't used where Postfix hands nothing to OpenDKIM", () =>
    expect(read(changed("non_smtpd_milters = $smtpd_milters", "non_smtpd_milters =")).signing).toEqual([]));
});

describe("its security group", () => {
  const out = (deviation: Deviation, port = 25) => read(deviation).letsOut({ address: "203.0.113.25", port });
  const rule = {
    securityGroupId: "sg-1",
    ipProtocol: "tcp",
    fromPort: 25,
    toPort: 25,
    cidrIpv4: "0.0.0.0/0",
  };
  test.each<[string, Deviation, boolean]>([
    ["a rule for port 25", {}, true],
    [
      "a rule for all protocols",
      { egress: { securityGroupId: "sg-1", ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" } },
      true,
    ],
    [
      "a rule within the group",
      {
        egress: null,
        group: { egress: [{ protocol: "tcp", fromPort: 1, toPort: 1024, cidrBlocks: ["203.0.113.0/24"] }] },
      },
      true,
    ],
    ["no rule", { egress: null }, false],
    ["another port", { egress: { ...rule, fromPort: 443, toPort: 443 } }, false],
    ["another protocol", { egress: { ...rule, ipProtocol: "udp" } }, false],
    ["another network", { egress: { ...rule, cidrIpv4: "198.51.100.0/24" } }, false],
    ["IPv6 only", { egress: { securityGroupId: "sg-1", ipProtocol: "-1", cidrIpv6: "::/0" } }, false],
    ["another group's rule", { egress: { ...rule, securityGroupId: "sg-2" } }, false],
    [
      "a group that nobody declared",
      { egress: null, instance: { vpcSecurityGroupIds: ["sg-default"] } },
      true,
    ],
  ])("with %s", (_, deviation, isOpen) => expect(out(deviation)).toBe(isOpen));
});

describe("what is no mail host", () => {
  test.each<[string, Deviation, string]>([
    ["without user data", { instance: { userData: undefined as never } }, "it has no user data"],
    ["with a script", { instance: { userData: "#!/bin/sh\n" } }, "its user data is no cloud-config"],
    [
      "without Postfix",
      { instance: { userData: "#cloud-config\npackages: [nginx]\n" } },
      "its user data writes no /etc/postfix/main.cf",
    ],
    [
      "without a name",
      {
        instance: {
          userData: "#cloud-config\nwrite_files:\n- path: /etc/postfix/main.cf\n  content: a = b\n",
        },
      },
      "says what it is called",
    ],
    [
      "with settings in a circle",
      changed(/(myhostname|smtp_helo_name) = okmail.example.com/g, "$1 = $$myhostname"),
      "refer to each other",
    ],
  ])("%s is named with the reason", (_, deviation, reason) => {
    expect(() => read(deviation)).toThrow(`${INSTANCE} can't send mail: `);
    expect(() => read(deviation)).toThrow(reason);
  });

  it("isn't there at all", () => {
    const { store, close } = openCloud();
    cleanUps.push(close);
    expect(() => readGuest(store, ACCOUNT, "i-0")).toThrow("i-0 can't send mail: there is no such instance");
  });
});
