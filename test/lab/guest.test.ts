import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AWS_TYPES } from "../../local/aws/types.ts";
import type { Guest } from "../../local/lab/guest.ts";
import type { LabHost } from "../../local/lab/lab.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import {
  associateElasticIp,
  attachVolume,
  ELASTIC_IP,
  INSTANCE,
  openGuestLab,
  type GuestLab,
} from "./guest-lab.ts";

const hindrance = labHindrance();
if (hindrance !== undefined) console.warn(`SKIPPED, the lab's instances: ${hindrance}`);

const SUCCESSOR = "i-0fedcba9876543210";
const OUTSIDE = "203.0.113.77";

/** Accepts connections on a port, and says whom from. */
const LISTEN = `
import socket, sys
server = socket.create_server(("0.0.0.0", int(sys.argv[1])))
print("listening", flush=True)
while True:
    print(server.accept()[1][0], flush=True)
`;

/** Says "open", or what goes wrong. */
const CONNECT = `
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2).close()
    print("open")
except OSError as error:
    print(error)
`;

async function connect(from: Guest | LabHost, address: string, port: number): Promise<string> {
  return (await from.check(["python3", "-c", CONNECT, address, String(port)])).trim();
}

/** Listens on a host for the length of `body`, which gets the addresses of the clients so far. */
async function listening(
  on: Guest | LabHost,
  port: number,
  body: (clients: readonly string[]) => Promise<void>,
): Promise<void> {
  const clients: string[] = [];
  const started = Promise.withResolvers<undefined>();
  const server = on.spawn(["python3", "-c", LISTEN, String(port)], {
    onLine: (line) => {
      if (line === "listening") started.resolve(undefined);
      else clients.push(line);
    },
  });
  try {
    await started.promise;
    await body(clients);
  } finally {
    server.kill("SIGKILL");
    await server.ended;
  }
}

// In order: each test takes the instance as the one before has left it.
describe.skipIf(hindrance !== undefined)("an instance in the lab", () => {
  let cloud: GuestLab;
  let guest: Guest;
  let outside: LabHost;

  beforeAll(async () => {
    cloud = await openGuestLab();
    cloud.launch(INSTANCE, { elastic: true, volume: true });
    [outside] = await Promise.all([
      cloud.lab.host("outside", { address: OUTSIDE, packages: [] }),
      cloud.fleet.settle(),
    ]);
    guest = await cloud.guest(INSTANCE);
  });
  afterAll(() => cloud.close());

  test("has run its user data, which it got from the metadata service", async () => {
    expect(await guest.booted()).toEqual({ datasource: "DataSourceEc2Local", errors: [] });
    expect(await guest.check(["cat", "/root/written"])).toBe("by its user data");
    expect(await guest.check(["hostname"])).toBe("okmail.example.com\n");
    await guest.check(["test", "-e", "/root/ran"]);
    expect(await guest.check(["systemctl", "--failed", "--no-legend"])).toBe("");
    expect(cloud.reports).toEqual([]);
  });

  test("is seen from outside under its Elastic IP, of which it knows nothing", async () => {
    await listening(outside, 25, async (clients) => {
      expect(await connect(guest, OUTSIDE, 25)).toBe("open");
      await expect.poll(() => clients).toEqual([ELASTIC_IP]);
    });
    expect(await guest.check(["ip", "-brief", "address"])).not.toContain(ELASTIC_IP);
  });

  test("is reached on the ports that its security group opens, and on no other", async () => {
    await listening(guest, 25, async (clients) => {
      expect(await connect(outside, ELASTIC_IP, 25)).toBe("open");
      await expect.poll(() => clients).toEqual([OUTSIDE]);
    });
    await listening(guest, 26, async () => {
      expect(await connect(outside, ELASTIC_IP, 26)).toBe("timed out");
    });
  });

  test("an Elastic IP that leads nowhere stays silent", async () => {
    expect(await connect(outside, "192.0.2.11", 25)).toBe("timed out");
  });

  test("what its security group doesn't let out goes nowhere", async () => {
    await listening(outside, 25, async () => {
      const rule = cloud.store.find(AWS_TYPES.securityGroupEgressRule, "sgr-2");
      if (rule === undefined) throw new Error("no rule");
      cloud.store.transact((store) => store.remove(rule.type, rule.id));
      await cloud.fleet.settle();
      expect(await connect(guest, OUTSIDE, 25)).toBe("timed out");
      cloud.store.transact((store) => store.insert(rule));
      await cloud.fleet.settle();
      expect(await connect(guest, OUTSIDE, 25)).toBe("open");
    });
  });

  test("has its volume under the name that EBS gives it", async () => {
    const device = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0aaaabbbbccccdddd";
    expect(await guest.check(["blockdev", "--getsize64", device])).toBe(`${1024 ** 3}\n`);
    await guest.check(["sh", "-euc", `mkfs.ext4 -q ${device}; mkdir /queue; mount ${device} /queue`]);
    await guest.check(["sh", "-euc", "echo saved > /queue/saved; sync -f /queue"]);
  });

  test("keeps its disks over a reboot", async () => {
    expect(await guest.reboot()).toMatchObject({ errors: [] });
    expect(await guest.check(["cat", "/root/written"])).toBe("by its user data");
    await guest.check(["sh", "-euc", "mount /dev/disk/by-id/* /queue"]);
    expect(await guest.check(["cat", "/queue/saved"])).toBe("saved\n");
  });

  test("loses in a power cut what isn't on the disk yet, and nothing else", async () => {
    await guest.check(["sh", "-euc", "echo lost > /queue/lost; echo saved > /queue/more; sync /queue/more"]);
    await guest.kill();
    expect(guest.isRunning).toBe(false);
    guest.start();
    await guest.booted();
    await guest.check(["sh", "-euc", "mount /dev/disk/by-id/* /queue"]);
    expect(await guest.check(["cat", "/queue/saved", "/queue/more"])).toBe("saved\nsaved\n");
    expect((await guest.check(["cat", "/queue/lost"]).catch(() => "")).trim()).toBe("");
  });

  test("leaves its volume and its Elastic IP to the instance that replaces it", async () => {
    cloud.launch(SUCCESSOR, { privateIp: "172.31.0.5" });
    cloud.store.transact((store) => {
      for (const { type, id } of store.list(AWS_TYPES.volumeAttachment)) store.remove(type, id);
      associateElasticIp(store, SUCCESSOR, "172.31.0.5");
      attachVolume(store, SUCCESSOR);
    });
    // The engine deletes what it has replaced last. Until then the volume is mounted there.
    cloud.store.transact((store) => store.remove(AWS_TYPES.instance, INSTANCE));
    await cloud.fleet.settle();
    expect(await cloud.fleet.guest(INSTANCE)).toBeUndefined();
    expect(guest.isRunning).toBe(false);

    const successor = await cloud.guest(SUCCESSOR);
    const mounted = await successor.check([
      "sh",
      "-euc",
      "mkdir /queue; mount /dev/disk/by-id/* /queue; cat /queue/saved",
    ]);
    expect(mounted).toBe("saved\n");
    await listening(outside, 25, async (clients) => {
      expect(await connect(successor, OUTSIDE, 25)).toBe("open");
      await expect.poll(() => clients).toEqual([ELASTIC_IP]);
    });
  });

  test("a volume that is mounted stays with its instance until it is unmounted", async () => {
    const successor = await cloud.guest(SUCCESSOR);
    cloud.store.transact((store) => store.remove(AWS_TYPES.volumeAttachment, `vai-${SUCCESSOR}`));
    const settled = cloud.fleet.settle();
    await successor.check(["sh", "-euc", "sleep 0.5; ls /queue/saved; umount /queue"]);
    await settled;
    expect(await successor.check(["ls", "/dev/disk/by-id"])).toBe("");
  });
});
