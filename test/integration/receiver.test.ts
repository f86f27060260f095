import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asText, type CloudTransaction } from "../../local/store.ts";
import { sendTestMessage } from "../../local/send-test-message.ts";
import { userDataBase64 } from "../../mail/cloud-config.ts";
import { openTestStack, removeFolder, type TestStack } from "./local-stack.ts";

// What a strict receiver says when one thing about a good sender is wrong. The cloud is changed behind the engine's back.

const dnsRecord = "cloudflare:index/dnsRecord:DnsRecord";
const ptr = "aws:ec2/eipDomainName:EipDomainName";

let stack: TestStack;
let host: { readonly helo: string; readonly instanceId: string; readonly address: string };
beforeAll(async () => {
  stack = await openTestStack();
  const up = await stack.session.stack.up();
  expect(up.errors).toEqual([]);
  [host] = up.outputs.hosts as [typeof host];
});
afterAll(async () => {
  await stack.close();
  removeFolder(stack.folder);
});

async function reply(): Promise<string> {
  const { attempt, held } = await sendTestMessage(stack.session.cloud.plane, {
    ...host,
    domain: "example.com",
  });
  if (attempt?.reply === undefined) return held ?? "no attempt";
  const { code, status, text } = attempt.reply;
  return `${code} ${status} ${text}`;
}

/** Makes a change for the length of one message. */
async function replyAfter(change: (cloud: CloudTransaction) => void): Promise<string> {
  const { store } = stack.session.cloud;
  const before = store.all();
  store.transact(change);
  try {
    return await reply();
  } finally {
    store.transact((cloud) => {
      for (const { type, id } of cloud.all()) cloud.remove(type, id);
      for (const { type, id, urn, name, inputs, secrets, outputs } of before)
        cloud.insert({ type, id, urn, ...(name !== undefined && { name }), inputs, secrets, outputs });
    });
  }
}

/** The record with that logical name gets another content. */
function content(logicalName: string, text: string) {
  return (cloud: CloudTransaction) => {
    const record = find(cloud, dnsRecord, logicalName);
    cloud.change(dnsRecord, record.id, {
      inputs: { ...record.inputs, content: text },
      outputs: { ...record.outputs, content: text },
    });
  };
}
function without(type: string, logicalName: string) {
  return (cloud: CloudTransaction) => {
    cloud.remove(type, find(cloud, type, logicalName).id);
  };
}
function find(cloud: CloudTransaction, type: string, logicalName: string) {
  const found = cloud.list(type).find(({ urn }) => urn.endsWith(`::${logicalName}`));
  if (found === undefined) throw new Error(`there is no ${logicalName}`);
  return found;
}
/** The host's user data, and so its Postfix, says another HELO name. */
function helo(name: string) {
  return (cloud: CloudTransaction) => {
    const instance = find(cloud, "aws:ec2/instance:Instance", "mail-okmail-host");
    const text = gunzipSync(Buffer.from(asText(instance.inputs.userDataBase64), "base64")).toString();
    const changed = { userDataBase64: userDataBase64(text.replaceAll("okmail.example.com", name)) };
    cloud.change(instance.type, instance.id, {
      inputs: { ...instance.inputs, ...changed },
      outputs: { ...instance.outputs, ...changed },
    });
  };
}

test("a good sender is accepted", async () => {
  expect(await reply()).toMatch(/^250 2\.0\.0 Ok: queued as/);
});

describe("a receiver refuses", () => {
  test.each<[string, RegExp, (cloud: CloudTransaction) => void]>([
    ["no PTR of one's own", /^550 5\.7\.25 /, without(ptr, "mail-okmail-ptr")],
    ["a missing A record", /^550 5\.7\.25 .*cannot find your hostname/, without(dnsRecord, "mail-okmail-a")],
    ["an A record with another address", /^550 5\.7\.25 /, content("mail-okmail-a", "192.0.2.200")],
    ["a neighbour's address in the A record", /^550 5\.7\.25 /, content("mail-okmail-a", "192.0.2.11")],
    ["a HELO name that doesn't resolve", /^550 5\.7\.1 .*Host not found/, helo("nowhere.example.com")],
    ["a HELO name that isn't qualified", /^504 5\.5\.2 /, helo("okmail")],
    [
      "a HELO name that is somebody else's",
      /^550 5\.7\.25 .*not this client's name/,
      helo("mx.inbox.okmail.internal"),
    ],
    ["SPF without the address", /^550 5\.7\.23 /, content("mail-spf", '"v=spf1 ip4:192.0.2.200 -all"')],
    [
      "SPF of the HELO name without the address",
      /^550 5\.7\.23 .*helo/,
      content("mail-okmail-spf", '"v=spf1 -all"'),
    ],
    ["an SPF record that is none", /^550 5\.7\.24 /, content("mail-spf", '"v=spf1 ip4:192.0.2.300 -all"')],
    [
      "a second SPF record",
      /^550 5\.7\.24 /,
      (cloud) => {
        const spf = find(cloud, dnsRecord, "mail-spf");
        const second = { content: '"v=spf1 ~all"' };
        const [inputs, outputs] = [
          { ...spf.inputs, ...second },
          { ...spf.outputs, ...second },
        ];
        cloud.insert({ type: dnsRecord, id: "f".repeat(32), urn: "", inputs, secrets: [], outputs });
      },
    ],
    [
      "what DMARC forbids: SPF by another's leave, and no key for the signature",
      /^550 5\.7\.26 /,
      (cloud) => {
        without(dnsRecord, "mail-dkim-okmail1")(cloud);
        content("mail-spf", '"v=spf1 ~all"')(cloud);
      },
    ],
  ])("%s", async (_, expected, change) => {
    expect(await replyAfter(change)).toMatch(expected);
  });

  test("a listed address, with the list's words", async () => {
    const { plane } = stack.session.cloud;
    plane.list(host.address, "sends what nobody asked for");
    expect(await reply()).toMatch(/^554 5\.7\.1 .*sends what nobody asked for/);
    plane.unlist(host.address);
    expect(await reply()).toMatch(/^250 /);
  });
});

describe("a receiver accepts", () => {
  test("a softfail", async () => {
    expect(await replyAfter(content("mail-spf", '"v=spf1 ip4:192.0.2.200 ~all"'))).toMatch(/^250 /);
  });
});

test("a host without its key holds the mail back rather than send it unsigned", async () => {
  const text = await replyAfter(without("aws:ssm/parameter:Parameter", "mail-dkim-okmail1-parameter"));
  expect(text).toMatch(/no key for okmail1\._domainkey\.example\.com/);
});
