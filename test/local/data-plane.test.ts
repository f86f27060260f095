import { once } from "node:events";
import { createServer, isIPv4, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it, test } from "vitest";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { cloudflareProvider } from "../../local/cloudflare/provider.ts";
import { processDataPlane, type DataPlane } from "../../local/data-plane.ts";
import type { CloudStore, JsonObject } from "../../local/store.ts";
import { declared, ZONE } from "./cloudflare-account.ts";
import {
  ACCOUNT,
  ELASTIC_IP,
  INSTANCE,
  KEY,
  openCloud,
  PUBLIC_KEY,
  userDataWith,
  type Deviation,
} from "./host-cloud.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const DKIM = `v=DKIM1; k=rsa; p=${PUBLIC_KEY}`;
const RECORDS: Readonly<Record<string, JsonObject>> = {
  a: declared("A", "okmail", ELASTIC_IP),
  heloSpf: declared("TXT", "okmail", `"v=spf1 ip4:${ELASTIC_IP} -all"`),
  mx: declared("MX", "@", "okmail.example.com", { priority: 10 }),
  spf: declared("TXT", "@", `"v=spf1 ip4:${ELASTIC_IP} -all"`),
  dkim: declared("TXT", "k1._domainkey", `"${DKIM.slice(0, 255)}" "${DKIM.slice(255)}"`),
  dmarc: declared("TXT", "_dmarc", '"v=DMARC1; p=reject"'),
};

const LETTER = {
  from: "postmaster@example.com",
  to: ["you@inbox.okmail.internal"],
  subject: "Grüße",
  text: "It works.\n",
};

interface Scene {
  readonly host?: Deviation;
  /** Cloudflare records that differ; undefined leaves one out. */
  readonly records?: Readonly<Record<string, JsonObject | undefined>>;
  /** The name that the address's PTR record is set to; null for none. */
  readonly ptr?: string | null;
  readonly dnsPort?: number;
}

async function open({ host, records, ptr = "okmail.example.com", dnsPort }: Scene = {}): Promise<{
  plane: DataPlane;
  store: CloudStore;
}> {
  const { store, directory, close } = openCloud(host);
  cleanUps.push(close);
  const [dnsRecord] = cloudflareProvider({ store, zones: [ZONE] }).resources;
  for (const inputs of Object.values({ ...RECORDS, ...records }))
    if (inputs !== undefined)
      await dnsRecord?.create({ urn: "urn", name: "record", inputs, secrets: new Set() });
  if (ptr !== null)
    store.transact((cloud) => {
      cloud.insert({
        type: AWS_TYPES.eipDomainName,
        id: "eipalloc-1",
        urn: "urn",
        inputs: { domainName: ptr },
        outputs: {},
      });
    });
  const plane = await processDataPlane({
    store,
    zones: [ZONE],
    account: ACCOUNT,
    directory,
    ...(dnsPort !== undefined && { dnsPort }),
  });
  cleanUps.push(() => plane.close());
  return { plane, store };
}

describe("a host as the stack declares it", () => {
  it("has its letter accepted, with SPF, DKIM and DMARC passing", async () => {
    const { plane } = await open();
    const delivery = await plane.deliver(INSTANCE, LETTER);
    expect(delivery).toMatchObject({ status: "sent", receipt: { accepted: true, code: 250, stage: "DATA" } });
    expect(plane.attempts).toMatchObject([
      {
        outcome: "accepted",
        client: { address: ELASTIC_IP, helo: "okmail.example.com", mailFrom: LETTER.from },
        facts: { iprev: { result: "pass" }, spfHelo: { result: "pass" }, spfMailFrom: { result: "pass" } },
        message: { dkim: [{ result: "pass", selector: "k1", keyBits: 2048 }], dmarc: { result: "pass" } },
      },
    ]);
    expect(plane.attempts[0]?.tls).toMatch(/^TLSv1.3/);
    const [message] = plane.messages;
    const [header = ""] = message?.content.toString().split("\r\n\r\n") ?? [];
    expect(header).toMatch(/^Date: .* \+0000$/m);
    expect(header).toMatch(/^Message-ID: <[0-9a-f-]{36}@okmail\.example\.com>$/m);
    expect(header).toMatch(/^DKIM-Signature: v=1; a=rsa-sha256; c=relaxed\/relaxed; d=example\.com;/m);
    expect(header).toMatch(/^Subject: =\?UTF-8\?Q\?/m);
    expect(message?.path).toContain("/mail/new/");
  });
});

describe("the receiver's answer follows from what the stack declares", () => {
  const withHelo = (helo: string): Deviation => ({
    instance: {
      userData: userDataWith("smtp_helo_name = okmail.example.com", `smtp_helo_name = ${helo}`),
    },
  });
  test.each<[string, Scene, string]>([
    [
      "no PTR asked for: AWS's default name is not the HELO name",
      { ptr: null },
      "550 5.7.25 <okmail.example.com>: Helo command rejected: not this client's name (ec2-192-0-2-10.eu-central-1.compute.amazonaws.com)",
    ],
    [
      "no A record",
      { records: { a: undefined } },
      "550 5.7.25 Client host rejected: cannot find your hostname, [192.0.2.10] (PTR okmail.example.com has no address)",
    ],
    [
      "an A record with another address",
      { records: { a: declared("A", "okmail", "192.0.2.99") } },
      "550 5.7.25 Client host rejected",
    ],
    [
      "a proxied A record",
      { records: { a: declared("A", "okmail", ELASTIC_IP, { proxied: true, ttl: 1 }) } },
      "(PTR okmail.example.com has 198.51.100.201, 198.51.100.202)",
    ],
    [
      "another HELO name",
      { host: withHelo("ip-172-31-0-4.eu-central-1.compute.internal") },
      "550 5.7.1 <ip-172-31-0-4.eu-central-1.compute.internal>: Helo command rejected: Host not found",
    ],
    ["a HELO name of one label", { host: withHelo("okmail") }, "504 5.5.2 "],
    [
      "SPF without the address",
      { records: { spf: declared("TXT", "@", '"v=spf1 ip4:192.0.2.99 -all"') } },
      "550 5.7.23 ",
    ],
    ["two SPF records", { records: { more: declared("TXT", "@", '"v=spf1 ~all"') } }, "550 5.7.24 "],
    [
      "no Elastic IP but an automatic address",
      { host: { association: null, automaticIp: "192.0.2.200" } },
      "not this client's name (ec2-192-0-2-200.eu-central-1.compute.amazonaws.com)",
    ],
    ["neither DKIM nor SPF", { records: { spf: undefined, dkim: undefined } }, "550 5.7.26 "],
  ])("%s", async (_, scene, reply) => {
    const { plane } = await open(scene);
    const delivery = await plane.deliver(INSTANCE, LETTER);
    expect(delivery).toMatchObject({ status: "sent", receipt: { accepted: false } });
    expect(delivery.status === "sent" && delivery.receipt.reply).toContain(reply);
    expect(plane.messages).toEqual([]);
  });

  test.each<[string, Scene]>([
    [
      "a signing key that isn't the published one",
      { host: { parameter: KEY }, records: { dkim: declared("TXT", "k1._domainkey", '"v=DKIM1; p="') } },
    ],
    [
      "no DKIM in Postfix",
      {
        host: {
          instance: {
            userData: userDataWith("non_smtpd_milters = $smtpd_milters", "non_smtpd_milters ="),
          },
        },
      },
    ],
    [
      "mail in clear",
      {
        host: {
          instance: {
            userData: userDataWith("smtp_tls_security_level = dane", "smtp_tls_security_level = none"),
          },
        },
      },
    ],
  ])("it accepts %s, as SPF passes", async (_, scene) => {
    const { plane } = await open(scene);
    expect(await plane.deliver(INSTANCE, LETTER)).toMatchObject({
      status: "sent",
      receipt: { accepted: true },
    });
  });
});

describe("a letter never gets to the receiver", () => {
  test.each<[string, Deviation, string]>([
    ["without a public address", { association: null }, "no public address"],
    ["where the security group keeps port 25 shut", { egress: null }, "let nothing out to port 25"],
    [
      "where the role can't read the key",
      { policy: null },
      "OpenDKIM has no key for k1._domainkey.example.com: the instance's role doesn't allow ssm:GetParameter",
    ],
    [
      "where the parameter holds no key",
      { parameter: "no key" },
      "OpenDKIM has no key for k1._domainkey.example.com",
    ],
    [
      "where Postfix has a relay host",
      {
        instance: { userData: userDataWith("smtputf8_enable = yes", "relayhost = [smtp.example.org]") },
      },
      "hands all mail to [smtp.example.org] (relayhost)",
    ],
  ])("%s", async (_, host, reason) => {
    const { plane } = await open({ host });
    const delivery = await plane.deliver(INSTANCE, LETTER);
    expect(delivery.status === "held" && delivery.reason).toContain(reason);
    expect(plane.attempts).toEqual([]);
  });

  it("from what is no mail host", async () => {
    const { plane } = await open({ host: { instance: { userData: "#cloud-config\n" } } });
    await expect(plane.deliver(INSTANCE, LETTER)).rejects.toMatchObject({ name: "NoGuestError" });
  });
});

describe("the DNS", () => {
  it("holds the zones, the reverse zones, AWS's names, the receiver's and the blocklist", async () => {
    const { resolver } = (await open()).plane;
    await expect(resolver.resolve4("okmail.example.com")).resolves.toEqual([ELASTIC_IP]);
    await expect(resolver.resolveMx("example.com")).resolves.toMatchObject([
      { priority: 10, exchange: "okmail.example.com" },
    ]);
    await expect(resolver.resolveTxt("k1._domainkey.example.com")).resolves.toEqual([
      [DKIM.slice(0, 255), DKIM.slice(255)],
    ]);
    await expect(resolver.reverse(ELASTIC_IP)).resolves.toEqual(["okmail.example.com"]);
    await expect(resolver.resolve4("ec2-192-0-2-10.eu-central-1.compute.amazonaws.com")).resolves.toEqual([
      ELASTIC_IP,
    ]);
    await expect(resolver.resolveMx("inbox.okmail.internal")).resolves.toMatchObject([
      { exchange: "mx.inbox.okmail.internal" },
    ]);
    await expect(resolver.resolve4("mx.inbox.okmail.internal")).resolves.toEqual(["203.0.113.25"]);
    await expect(resolver.reverse("203.0.113.25")).resolves.toEqual(["mx.inbox.okmail.internal"]);
    await expect(resolver.resolve4("2.0.0.127.dnsbl.okmail.internal")).resolves.toEqual(["127.0.0.2"]);
    await expect(resolver.resolve4("nobody.example.com")).rejects.toMatchObject({ code: "ENOTFOUND" });
    await expect(resolver.reverse("192.0.2.11")).rejects.toMatchObject({ code: "ENOTFOUND" });
  });

  it("has the proxy's addresses for a proxied name, never its record's", async () => {
    const { resolver } = (
      await open({
        records: {
          a: declared("CNAME", "okmail", "elsewhere.example.org", { proxied: true, ttl: 1 }),
          heloSpf: undefined,
        },
      })
    ).plane;
    await expect(resolver.resolve4("okmail.example.com")).resolves.toEqual([
      "198.51.100.201",
      "198.51.100.202",
    ]);
    await expect(resolver.resolve6("okmail.example.com")).resolves.toHaveLength(2);
    await expect(resolver.resolveCname("okmail.example.com")).rejects.toMatchObject({ code: "ENODATA" });
  });

  it("follows the store", async () => {
    const { plane, store } = await open();
    await expect(plane.resolver.resolve4("okmail.example.com")).resolves.toEqual([ELASTIC_IP]);
    store.transact((cloud) => {
      for (const { type, id, inputs } of cloud.all()) if (inputs.type === "A") cloud.remove(type, id);
    });
    await plane.settle();
    await expect(plane.resolver.resolve4("okmail.example.com")).rejects.toMatchObject({ code: "ENODATA" });
  });
});

describe("the blocklist", () => {
  it("has a listed host refused, until it is taken off", async () => {
    const { plane } = await open();
    plane.list(ELASTIC_IP, "Sends junk");
    plane.list(ELASTIC_IP, "Sends much junk");
    const refused = await plane.deliver(INSTANCE, LETTER);
    expect(refused.status === "sent" && refused.receipt.reply).toBe(
      "554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using dnsbl.okmail.internal; Sends much junk",
    );
    plane.unlist(ELASTIC_IP);
    expect(await plane.deliver(INSTANCE, LETTER)).toMatchObject({ receipt: { accepted: true } });
  });

  it("takes addresses only", async () => {
    const { plane } = await open();
    expect(() => plane.list("example.com", "x")).toThrow('"example.com" is no IP address');
  });
});

describe("the sockets", () => {
  it("are on loopback, and where one is taken another is", async () => {
    const foreign = createServer().listen(0, "127.0.0.1");
    await once(foreign, "listening");
    cleanUps.push(() => foreign.close());
    const { port } = foreign.address() as AddressInfo;
    const { plane } = await open({ dnsPort: port });
    expect(plane.dns.port).not.toBe(port);
    for (const { address } of [plane.dns, plane.receiver]) {
      expect(isIPv4(address)).toBe(true);
      expect(address).toBe("127.0.0.1");
    }
  });

  it("are free again after the end", async () => {
    const { plane } = await open();
    await plane.close();
    const again = createServer().listen(plane.receiver.port, "127.0.0.1");
    await once(again, "listening");
    again.close();
    cleanUps.pop();
  });
});
