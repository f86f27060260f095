import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { labDataPlane, type LabDataPlane } from "../../local/lab/lab-data-plane.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import { sendTestMessage } from "../../local/send-test-message.ts";
import { openSession, type Session } from "../../local/session.ts";

const hindrance = labHindrance();
if (hindrance !== undefined) console.warn(`SKIPPED, this project's stack on real hosts: ${hindrance}`);

describe.skipIf(hindrance !== undefined)("this project's stack in the lab", { timeout: 400_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), "okmail-"));
  let session: Session;
  let plane: LabDataPlane;
  let host: { readonly helo: string; readonly instanceId: string };

  beforeAll(async () => {
    session = await openSession({
      folder,
      stack: "lab",
      report: () => undefined,
      dataPlane: async (options) => (plane = await labDataPlane({ ...options, report: () => undefined })),
    });
    const up = await session.stack.up();
    expect(up.errors).toEqual([]);
    [host] = up.outputs.hosts as [typeof host];
    await plane.settle();
  }, 400_000);
  afterAll(async () => {
    await session.close();
    rmSync(folder, { recursive: true });
  });

  const send = () => sendTestMessage(plane, { ...host, domain: session.surroundings.domain });

  test("a message from the host is signed, encrypted and accepted by a strict Postfix", async () => {
    const { attempt, held } = await send();
    expect(held).toBeUndefined();
    expect(attempt).toMatchObject({
      outcome: "accepted",
      client: { address: "192.0.2.10" },
      facts: { helo: host.helo, iprev: { result: "pass" }, spfMailFrom: { result: "pass" } },
      message: { dmarc: { result: "pass", aligned: { spf: "example.com", dkim: "example.com" } } },
    });
    expect(attempt?.tls).toMatch(/^TLSv1\.3/);
    expect(plane.messages).toHaveLength(1);
  });

  test("an address on the blocklist is refused, and accepted when it is off again", async () => {
    plane.list("192.0.2.10", "it has sent what nobody asked for");
    const { attempt } = await send();
    expect(attempt).toMatchObject({ outcome: "refused", reply: { code: 554, status: "5.7.1" } });
    plane.unlist("192.0.2.10");
    expect((await send()).attempt?.outcome).toBe("accepted");
  });

  test("a host that lost its reverse name is refused", async () => {
    const [name] = session.cloud.store.list("aws:ec2/eipDomainName:EipDomainName");
    if (name === undefined) throw new Error("no reverse name");
    session.cloud.store.transact((cloud) => cloud.remove(name.type, name.id));
    const { attempt } = await send();
    expect(attempt).toMatchObject({ outcome: "refused", reply: { code: 550, status: "5.7.25" } });
  });

  test("an instance that isn't there sends nothing", async () => {
    const { held } = await sendTestMessage(plane, {
      helo: "x.example",
      instanceId: "i-none",
      domain: "example.com",
    });
    expect(held).toBe("i-none can't send mail: there is no such instance");
  });
});
