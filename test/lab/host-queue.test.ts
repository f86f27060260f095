import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { INBOX } from "../../local/inbox.ts";
import type { Guest } from "../../local/lab/guest.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import { sendTestMessage } from "../../local/send-test-message.ts";
import { openHostLab, statusOf, type DeclaredHost, type HostLab } from "./host-lab.ts";
import { accepted, astray, handOver, queueOf, undelivered, unsigned } from "./letters.ts";
import { runErrands } from "./smtp-errand.ts";

const hindrance = labHindrance();
if (hindrance !== undefined) console.warn(`SKIPPED, the host's queue in the lab: ${hindrance}`);

const MESSAGES = 500;

// In order: each test takes the stack as the one before has left it.
describe.skipIf(hindrance !== undefined)("the stack's host and its successor", () => {
  let lab: HostLab;
  let host: DeclaredHost;
  let guest: Guest;

  beforeAll(async () => {
    lab = await openHostLab();
  });
  afterAll(() => lab.close());

  test("the first message is accepted soon after pulumi up", async () => {
    const began = performance.now();
    const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
    const { operation, ...made } = await lab.up();
    ({ host, guest } = made);
    const up = seconds();
    const { attempt, held } = await sendTestMessage(lab.plane, { ...host, domain: "example.com" });

    expect(held).toBeUndefined();
    expect(attempt?.outcome).toBe("accepted");
    expect(operation.errors).toEqual([]);
    console.log(`pulumi up and boot: ${up} s; first message accepted after ${seconds()} s`);
  });

  test("what the receiver does not take waits on the host's volume", async () => {
    await lab.plane.mailServer.become("stopped");
    expect(await handOver(guest, "queued", MESSAGES)).toHaveLength(MESSAGES);
    await expect
      .poll(() => queueOf(guest), { timeout: 60_000, interval: 500 })
      .toEqual({ deferred: MESSAGES });
    expect(await guest.check(["findmnt", "--noheadings", "--output=TARGET", "/var/spool/postfix"])).toContain(
      "/var/spool/postfix",
    );
  });

  test("pulumi up with other user data replaces the instance, and nothing else of what the world knows", async () => {
    const before = { host, id: guest.instanceId };
    lab.stack.set("okmail:bounceAddress", `bounces@${INBOX.domain}`);
    const { operation, ...made } = await lab.up();
    ({ host, guest } = made);

    const steps = operation.steps
      .filter(({ op, name }) => op !== "same" && /queue-attachment$|-host$/.test(name))
      .map(({ op, name }) => `${op} ${name}`)
      .filter((step) => /^(create|delete)/.test(step));
    expect(steps).toEqual([
      "delete-replaced mail-okmail-queue-attachment",
      "delete-replaced mail-okmail-host",
      "create-replacement mail-okmail-host",
      "create-replacement mail-okmail-queue-attachment",
    ]);
    expect(guest.instanceId).not.toBe(before.id);
    const kept = ({ address, allocationId, helo, queueVolumeId }: DeclaredHost) => ({
      address,
      allocationId,
      helo,
      queueVolumeId,
    });
    expect(kept(host)).toEqual(kept(before.host));
    expect(await lab.plane.resolver.reverse(host.address)).toEqual([host.helo]);
    expect(await queueOf(guest)).toEqual({ deferred: MESSAGES });
    expect(await statusOf(guest)).toMatchObject({ code: 0, wrong: [] });
  });

  test("all of it arrives from the successor, once each, signed", async () => {
    await lab.plane.mailServer.become("strict");
    // Postfix tries again by itself, each message when its time has come. The operator's word saves those minutes here.
    await guest.check(["postqueue", "-f"]);
    await expect.poll(() => queueOf(guest), { timeout: 120_000, interval: 500 }).toEqual({});
    const ids = Array.from({ length: MESSAGES }, (_, number) => `queued-${number}@example.com`);
    expect(await undelivered(guest)).toEqual([]);
    expect(await astray(guest, lab.plane, ids)).toEqual([]);
    expect(await accepted(lab.plane, "queued-")).toEqual(ids.toSorted());
    expect(unsigned(lab.plane)).toEqual([]);
    const clients = new Set(lab.plane.attempts.map(({ client }) => `${client.helo} ${client.address}`));
    expect([...clients]).toEqual([`${host.helo} ${host.address}`]);
  });

  test("a bounce from outside is forwarded to the bounce address, in the domain's own name", async () => {
    const outsider = await lab.outsider();
    const id = `${crypto.randomUUID()}@example.com`;
    const server = { address: host.address, port: 25, tls: "none" } as const;
    const lines = [
      `EHLO ${INBOX.hostname}`,
      "MAIL FROM:<>",
      "RCPT TO:<bounces+7@example.com>",
      "DATA",
      `From: <mailer-daemon@${INBOX.domain}>\r\nDate: ${new Date().toUTCString()}\r\nMessage-ID: <${id}>\r\nSubject: Undelivered\r\n\r\nIt came back\r\n.`,
    ];
    const { dialogues } = await runErrands(lab.plane.lab, outsider, { dialogues: [{ server, lines }] });
    expect(dialogues[0]?.map(({ code }) => code)).toEqual([220, 250, 250, 250, 354, 250]);
    const missing = () => astray(guest, lab.plane, [id]);
    await expect.poll(missing, { timeout: 60_000, interval: 500 }).toEqual([]);
    const forwarded = lab.plane.attempts.filter(({ recipients }) =>
      recipients.includes(`bounces@${INBOX.domain}`),
    );
    expect(forwarded).toMatchObject([
      {
        outcome: "accepted",
        client: { mailFrom: "owner-postmaster@example.com" },
        facts: { spfMailFrom: { result: "pass" } },
      },
    ]);
  });
});
