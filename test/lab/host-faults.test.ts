import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { AWS_TYPES } from "../../local/aws/types.ts";
import type { Guest } from "../../local/lab/guest.ts";
import { HOSTS_FOLDER, type LabHost } from "../../local/lab/host.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import type { CloudRecord } from "../../local/store.ts";
import { openHostLab, statusOf, type DeclaredHost, type HostLab, type HostStatus } from "./host-lab.ts";
import { accepted, astray, handOver, queueOf, sendmail, undelivered, unsigned } from "./letters.ts";

const hindrance = labHindrance();
if (hindrance !== undefined) console.warn(`SKIPPED, the host's faults in the lab: ${hindrance}`);

const KEY_PARAMETER = "/okmail/example.com/dkim/okmail1";
const KEY_FILE = "/etc/dkimkeys/okmail1.pem";
const PASSWORD_PARAMETER = "/okmail/example.com/submission/app";
/** What fills a disk: the queue volume, the root disk. */
const BALLAST = "/srv/okmail/ballast";
const ROOT_BALLAST = "/var/ballast";
/** Argument: a file. It takes all the room there is, also what is root's, though hardly anything is written. */
const FILL = `
fallocate --length 1T "$1" || true
dd if=/dev/zero of="$1" bs=1M oflag=append conv=notrunc status=none || true
`;

/**
 * Answers NTP (RFC 5905) at an address. A guest's own clock is the machine's, and can't be set for it alone: time_namespaces(7) has
 * monotonic clocks only. So what can be tried here is a clock that nobody has checked yet.
 */
const NTP = `
import socket, struct, sys, time
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 123))
print("ready", flush=True)
while True:
    question, client = server.recvfrom(1024)
    now = int((time.time() + 2208988800) * 2**32)
    head = struct.pack(">BBbbII4s", 0x24, 1, 4, -20, 0, 0, b"LAB\\0")
    server.sendto(head + struct.pack(">Q", now) + question[40:48] + struct.pack(">QQ", now, now), client)
`;
const CLOCK = "169.254.169.123";

/** Instance metadata by which it is a week ago: the clock is wrong by all that the host can tell. */
const LIAR = `
import http.server, time
class Liar(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        self.send_response(200)
        self.end_headers()
    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() - 7 * 86400)
server = http.server.HTTPServer(("127.0.0.1", 8169), Liar)
print("ready", flush=True)
server.serve_forever()
`;
const BELIEVE = `
nft add table ip liar
nft add chain ip liar output '{ type nat hook output priority dstnat; }'
nft add rule ip liar output ip daddr 169.254.169.254 tcp dport 80 dnat to 127.0.0.1:8169
`;

/** Arguments: an address and ports. Says of each whether somebody listens there. */
const KNOCK = `
import socket, sys
for port in sys.argv[2:]:
    try:
        socket.create_connection((sys.argv[1], int(port)), timeout=20).close()
        print("open")
    except ConnectionRefusedError:
        print("refused")
`;

// In order on one host; each test ends with all well again.
describe.skipIf(hindrance !== undefined)("the stack's host in trouble", () => {
  let lab: HostLab;
  let host: DeclaredHost;
  let guest: Guest;
  let outsider: LabHost;
  let key: CloudRecord;
  let series = "";

  beforeAll(async () => {
    lab = await openHostLab();
    outsider = await lab.outsider();
    const up = lab.up();
    up.catch(() => undefined); // Told of below.
    guest = await lab.poweredOn();
    const { root, instanceId } = guest;
    // All tests are on a host whose first boot was no smooth one.
    for (const step of ["config_package_update_upgrade_install", "config_scripts_user"]) {
      const begun = path.join(root, "var/lib/cloud/instances", instanceId, "sem", step);
      await vi.waitFor(() => expect(existsSync(begun)).toBe(true), { timeout: 120_000, interval: 20 });
      await powerCut();
    }
    ({ host, guest } = await up);
    key = parameter(KEY_PARAMETER);
  }, 300_000);
  beforeEach(({ task }) => {
    series = `${task.id.replaceAll(/\W/g, "")}x`;
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return;
    // The next test isn't to fail for what this one has left.
    await lab.plane.mailServer.answerAll(undefined);
    await lab.plane.mailServer.become("strict");
    lab.plane.nameServer.resume();
    store().transact((cloud) => {
      cloud.remove(key.type, key.id);
      cloud.insert(key);
    });
    guest.start();
    await guest.booted();
    await guest.check(["rm", "--force", BALLAST, ROOT_BALLAST]);
    await guest.run(["nft", "delete", "table", "ip", "liar"]);
    await fetchParameters();
    await guest.check(["postsuper", "-d", "ALL"]);
  });
  afterAll(() => lab.close());

  const store = () => lab.stack.session.cloud.store;
  function parameter(name: string): CloudRecord {
    const record = store().find(AWS_TYPES.parameter, name);
    if (record === undefined) throw new Error(`there is no parameter ${name}`);
    return record;
  }
  const arrived = () => accepted(lab.plane, series);
  const says = ({ findings }: HostStatus, subject: string) =>
    findings
      .filter((finding) => finding.subject === subject)
      .map(({ severity, says }) => `${severity}: ${says}`);
  /** Postfix tries again by itself, within five minutes at first; the operator's word spares the tests these. */
  const flush = () => guest.check(["postqueue", "-f"]);
  /** All that was handed over comes, signed, and nothing waits any more. If one doesn't come, that says where it is. */
  async function delivers(ids: readonly string[]): Promise<void> {
    const missing = async () => {
      await flush();
      return astray(guest, lab.plane, ids);
    };
    await expect.poll(missing, { timeout: 90_000, interval: 1_000 }).toEqual([]);
    await expect.poll(() => undelivered(guest), { timeout: 30_000, interval: 500 }).toEqual([]);
    expect(unsigned(lab.plane)).toEqual([]);
  }

  /** The same, once each, and nothing is wrong any more. */
  async function recovers(ids: readonly string[]): Promise<void> {
    await delivers(ids);
    expect(await arrived()).toEqual(ids.toSorted());
    expect((await statusOf(guest)).wrong).toEqual([]);
  }

  const forgetKey = () => guest.check(["rm", "--force", KEY_FILE]);
  const isActive = async (unit: string) => (await guest.run(["systemctl", "is-active", unit])).code === 0;
  const fetchParameters = () => guest.run(["systemctl", "restart", "okmail-parameters.service"]);
  async function powerCut(): Promise<void> {
    await guest.kill();
    guest.start();
  }

  test("a first boot that the power was cut in, twice, is done again, and the host is whole", async () => {
    expect(lab.reports.filter((line) => line.startsWith("cloud-init on"))).toEqual([]);
    await recovers(await handOver(guest, series, 1));
  });

  test("a receiver that defers everything: mail waits, and status says what the receiver says", async () => {
    await lab.plane.mailServer.answerAll("450 4.3.2 Try again later");
    const ids = await handOver(guest, series, 20);
    await expect.poll(() => queueOf(guest), { timeout: 30_000 }).toEqual({ deferred: 20 });
    const status = await statusOf(guest);
    expect(says(status, "queue").join("\n")).toMatch(
      /20 deferred.*20 recipients wait.*said: 450 4\.3\.2 .*Try again later/s,
    );
    expect(await arrived()).toEqual([]);

    await lab.plane.mailServer.answerAll(undefined);
    await recovers(ids);
  });

  test("no parameter and no key: mail waits on the host, unsigned mail never leaves, and the key is fetched again", async () => {
    store().transact((cloud) => cloud.remove(key.type, key.id));
    await forgetKey();
    expect((await fetchParameters()).code).not.toBe(0);
    const id = `${series}@example.com`;
    expect(await sendmail(guest, id)).toMatchObject({ code: 0 });
    await expect.poll(() => queueOf(guest), { timeout: 10_000 }).toEqual({ maildrop: 1 });
    await expect(handOver(guest, series, 1)).rejects.toThrow("451");

    const status = await statusOf(guest);
    expect(status.code).toBe(2);
    expect(says(status, "dkim")).toEqual([
      `critical: mail waits for the key in SSM parameter ${KEY_PARAMETER}: there is no such parameter; pulumi up makes it`,
    ]);
    await flush();
    expect(await queueOf(guest)).toEqual({ maildrop: 1 });

    store().transact((cloud) => cloud.insert(key));
    // By itself, within half a minute.
    await expect
      .poll(() => guest.run(["test", "-e", KEY_FILE]), { timeout: 60_000 })
      .toMatchObject({ code: 0 });
    await recovers([id]);
  });

  test("no password: who would log in is refused at once, other mail goes out, and the listeners open with the password", async () => {
    const listeners = async () =>
      (await outsider.check(["python3", "-c", KNOCK, host.address, "25", "465", "587"])).trim().split("\n");
    expect(await listeners()).toEqual(["open", "open", "open"]);
    const password = parameter(PASSWORD_PARAMETER);
    store().transact((cloud) => cloud.remove(password.type, password.id));
    await guest.check(["rm", "/etc/dovecot/okmail.users"]);
    await guest.check(["systemctl", "stop", "dovecot.service"]);
    expect((await fetchParameters()).code).not.toBe(0);

    expect(await listeners()).toEqual(["open", "refused", "refused"]);
    expect(says(await statusOf(guest), "passwords")).toEqual([
      `critical: SSM parameter ${PASSWORD_PARAMETER}: there is no such parameter; pulumi up makes it`,
    ]);
    const ids = await handOver(guest, series, 3);
    await delivers(ids);

    store().transact((cloud) => cloud.insert(password));
    await fetchParameters();
    expect(await listeners()).toEqual(["open", "open", "open"]);
    await recovers(ids);
  });

  test.each([
    [
      "another key in the parameter",
      generateKeyPairSync("rsa", { modulusLength: 2048 })
        .privateKey.export({ type: "pkcs8", format: "pem" })
        .toString(),
      "not its public key; pulumi up repairs it",
    ],
    ["no key in the parameter", "changeme", "it holds no private key in PEM for rsa-sha256"],
  ])("%s: the key of before signs on; without one, mail waits", async (_, value, fault) => {
    const change = (inputs: CloudRecord["inputs"]) =>
      store().transact((cloud) => cloud.change(key.type, key.id, { inputs }));
    change({ ...key.inputs, value });
    await fetchParameters();
    const [before] = says(await statusOf(guest), "dkim");
    expect(before).toMatch(/^warning: okmail1 signs with the key of before; SSM parameter .*dkim\/okmail1: /);
    expect(before).toContain(fault);
    const [first = ""] = await handOver(guest, `${series}-a`, 1);
    await expect.poll(arrived, { timeout: 20_000 }).toEqual([first]);

    await forgetKey();
    await fetchParameters();
    const id = `${series}-b@example.com`;
    await sendmail(guest, id);
    await expect.poll(() => queueOf(guest), { timeout: 10_000 }).toEqual({ maildrop: 1 });
    const [after] = says(await statusOf(guest), "dkim");
    expect(after).toMatch(/^critical: mail waits for the key in SSM parameter/);
    expect(after).toContain(fault);

    change(key.inputs);
    await fetchParameters();
    await recovers([first, id]);
  });

  test("a signer that is killed, as at the bound of its memory, over and over: mail is put off, and none goes unsigned", async () => {
    // The lab's control groups can't bound memory themselves: what the kernel does at the bound is done here.
    const kills = guest.check([
      "sh",
      "-euc",
      "for each in $(seq 12); do systemctl kill --signal=KILL opendkim.service; sleep 0.2; done",
    ]);
    const ids = Array.from({ length: 10 }, (_, number) => `${series}-${number}@example.com`);
    for (const id of ids) expect(await sendmail(guest, id)).toMatchObject({ code: 0 });
    await kills;
    const show = ["systemctl", "show", "--property=NRestarts", "--value", "opendkim.service"];
    // systemd's own limit is five.
    expect(Number(await guest.check(show))).toBeGreaterThan(5);
    await recovers(ids);
  });

  test("a full disk: mail is refused for the time being, what waits stays, and status says which disk", async () => {
    await lab.plane.mailServer.answerAll("450 4.3.2 Try again later");
    const ids = await handOver(guest, series, 5);
    await expect.poll(() => queueOf(guest), { timeout: 30_000 }).toEqual({ deferred: 5 });
    await guest.check(["sh", "-euc", FILL, "sh", BALLAST]);
    await expect(handOver(guest, series, 1)).rejects.toThrow(/45[12]/);
    const status = await statusOf(guest);
    expect(says(status, "disk space").join("\n")).toMatch(/critical: \/srv\/okmail has 0% free/);
    expect(status.code).toBe(2);
    await lab.plane.mailServer.answerAll(undefined);
    expect(await queueOf(guest)).toEqual({ deferred: 5 });

    await guest.check(["rm", BALLAST]);
    await recovers(ids);
  });

  test("a full root disk: mail goes on, for the queue has its own, and status says which disk", async () => {
    // Only as large as it has to be, for it takes memory.
    const disk = path.join(HOSTS_FOLDER, guest.instanceId, "disk");
    const { stdout } = await lab.plane.lab.run(["df", "--output=used", "--block-size=1M", disk]);
    const size = Number(stdout.trim().split("\n")[1]) + 16;
    await lab.plane.lab.check(["mount", "-o", `remount,size=${size}M`, disk]);
    await guest.check(["sh", "-euc", FILL, "sh", ROOT_BALLAST]);
    await guest.check(["systemctl", "restart", "postfix.service"]);
    const ids = await handOver(guest, series, 5);
    await delivers(ids);
    const status = await statusOf(guest);
    expect(says(status, "disk space").join("\n")).toMatch(/critical: \/ has 0% free/);

    await guest.check(["rm", ROOT_BALLAST]);
    await lab.plane.lab.check(["mount", "-o", "remount,size=50%", disk]);
    await recovers(ids);
  });

  test("no DNS: mail waits, and status soon says so", async () => {
    // What the host knows already it would send to all the same.
    await guest.check(["systemctl", "restart", "unbound.service"]);
    lab.plane.nameServer.pause();
    const ids = await handOver(guest, series, 3);
    await expect.poll(() => queueOf(guest), { timeout: 90_000 }).toEqual({ deferred: 3 });
    const asked = performance.now();
    const status = await statusOf(guest);
    expect(performance.now() - asked).toBeLessThan(12_000);
    expect(says(status, "own names").join("\n")).toMatch(/warning: could not tell: no DNS answer for/);
    expect(says(status, "queue").join("\n")).toMatch(/3 recipients wait \(dns\)/);
    lab.plane.nameServer.resume();
    await recovers(ids);
  });

  test.each([
    ["a reboot", () => guest.reboot()],
    [
      "a power cut",
      async () => {
        await powerCut();
        await guest.booted();
      },
    ],
  ])("%s during delivery loses nothing, and sends nothing more than twice", async (_, interrupt) => {
    await lab.plane.mailServer.become("stopped");
    const ids = await handOver(guest, series, 100);
    await expect.poll(() => queueOf(guest), { timeout: 60_000 }).toEqual({ deferred: 100 });
    await lab.plane.mailServer.become("strict");
    let polls = 0;
    const first = async () => {
      // A busy receiver may put off those that come at once.
      if (polls++ % 100 === 0) await flush();
      return arrived();
    };
    await expect.poll(first, { timeout: 60_000, interval: 20 }).not.toEqual([]);
    const interrupted = interrupt();
    // However long a host takes to shut down, it isn't done by then.
    await lab.plane.mailServer.answerAll("450 4.3.2 Try again later");
    await interrupted;
    await lab.plane.mailServer.answerAll(undefined);
    expect((await arrived()).length).toBeLessThan(100);
    await delivers(ids);
    // SMTP's own guarantee (RFC 5321 6.1): whose last reply is lost is sent again. So is after a power cut what has left the
    // queue since the file system last wrote down what is in its folders, some seconds ago at most.
    const copies = await arrived();
    expect(copies.filter((id, index) => id === copies[index - 2])).toEqual([]);
    expect((await statusOf(guest)).wrong).toEqual([]);
  });

  describe("without a time source", () => {
    const clock = async () => says(await statusOf(guest, "/run/real"), "clock").join("\n");

    /** Starts Postfix anew, which waits at most `patience` seconds for a time source. */
    const restart = (patience: number) =>
      guest.check([
        "sh",
        "-euc",
        `printf '[Unit]\nConditionCapability=\n[Service]\nTimeoutStartSec=${patience}\n' > /run/systemd/system/chrony-wait.service.d/zz-faults.conf
systemctl daemon-reload
systemctl stop postfix.service chrony-wait.service
systemctl start --no-block postfix.service`,
      ]);

    beforeAll(async () => {
      // chronyd that only watches the clock may run here, too; status is told that this is no container.
      await guest.check([
        "sh",
        "-euc",
        `mkdir /run/systemd/system/chrony.service.d /run/systemd/system/chrony-wait.service.d /run/real
printf '[Unit]\nConditionCapability=\n[Service]\nExecStart=\nExecStart=!/usr/sbin/chronyd -x\n' > /run/systemd/system/chrony.service.d/zz-faults.conf
printf '#!/bin/sh\necho none\nexit 1\n' > /run/real/systemd-detect-virt
chmod 755 /run/real/systemd-detect-virt
systemctl daemon-reload
systemctl restart chrony.service`,
      ]);
      await vi.waitFor(() => guest.check(["chronyc", "-c", "tracking"]), { timeout: 20_000, interval: 500 });
    });

    test("a clock that is wrong by the metadata's: nothing is sent, and so nothing bounces as too old, until it is right", async () => {
      const ready = Promise.withResolvers<undefined>();
      const liar = guest.spawn(["python3", "-c", LIAR], { onLine: () => ready.resolve(undefined) });
      await ready.promise;
      await guest.check(["sh", "-euc", BELIEVE]);
      await restart(2);
      const id = `${series}@example.com`;
      await sendmail(guest, id);
      const refusals = () => guest.journal("--unit=postfix.service", "--grep=the clock is 60[0-9]* s off");
      await expect.poll(async () => (await refusals()).length, { timeout: 60_000, interval: 500 }).toBe(2);
      expect(await isActive("postfix.service")).toBe(false);
      expect(await clock()).toMatch(/^critical: 60\d+ s off the time in the instance metadata/);
      expect(await arrived()).toEqual([]);

      await guest.check(["nft", "delete", "table", "ip", "liar"]);
      liar.kill("SIGKILL");
      await liar.ended;
      // Though there still is no time source.
      await expect.poll(() => isActive("postfix.service"), { timeout: 60_000, interval: 250 }).toBe(true);
      expect(await clock()).toMatch(/^warning: unchecked, without a time source/);
      // It may have asked in the meantime, and the liar has no credentials.
      await fetchParameters();
      await recovers([id]);
    });

    test("Postfix waits for the time source, and starts as soon as that has set the clock", async () => {
      await restart(120);
      const id = `${series}@example.com`;
      await sendmail(guest, id);
      await lab.plane.lab.check(["ip", "address", "add", `${CLOCK}/32`, "dev", "lo"]);
      expect(await isActive("postfix.service")).toBe(false);

      const ready = Promise.withResolvers<undefined>();
      const server = lab.plane.lab.spawn(["python3", "-c", NTP, CLOCK], {
        onLine: () => ready.resolve(undefined),
      });
      await ready.promise;
      await guest.check(["chronyc", "burst", "4/4"]);
      await expect.poll(() => isActive("postfix.service"), { timeout: 60_000, interval: 250 }).toBe(true);
      expect(await clock()).toMatch(/^ok: /);
      await recovers([id]);
      server.kill("SIGKILL");
      await server.ended;
    });
  });

  test("none of this changed who the host is", () => {
    const clients = new Set(lab.plane.attempts.map(({ client }) => `${client.helo} ${client.address}`));
    expect([...clients]).toEqual([`${host.helo} ${host.address}`]);
  });
});
