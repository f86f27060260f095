import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "../aws/account.ts";
import { macAddress } from "../aws/network-interface.ts";
import { defaultNetwork } from "../aws/network.ts";
import { AWS_TYPES } from "../aws/types.ts";
import { bootedUserData } from "../aws/user-data.ts";
import { asText, type CloudRecord, type CloudStore } from "../store.ts";
import { guestPackages } from "./guest-packages.ts";
import { Guest, type Boot, type GuestFile } from "./guest.ts";
import type { Lab } from "./lab.ts";
import { packetFilter } from "./packet-filter.ts";
import { Volumes, type BlockDevice } from "./volumes.ts";

export interface FleetOptions {
  readonly lab: Lab;
  readonly store: CloudStore;
  readonly account: Pick<Account, "region">;
  /** Holds the volumes. */
  readonly folder: string;
  /** What each guest gets before its first boot. */
  readonly guestFiles: readonly GuestFile[];
  /** Told of what goes wrong within guests that run nevertheless. */
  readonly report: (line: string) => void;
}

/** A machine and what is under way with it. */
interface Machine {
  /** Rejects if the machine can't be made. */
  readonly guest: Promise<Guest>;
  readonly privateIp: string;
  /** The same, once it is made. */
  made?: Guest;
  /** What of the instance's record takes a stop and start to change. */
  form: string;
  /** The last boot, which may go on; rejects if it fails. */
  boot: Promise<Boot>;
}

/** A volume in use; `guest` once it is plugged in. */
interface Disk {
  readonly device: BlockDevice;
  size: number;
  attachment: { readonly guest: Guest; readonly instanceId: string; readonly stopFirst: boolean } | undefined;
  /** It is being taken from its guest. */
  detaching?: Promise<void>;
}

/** Seconds that a guest has to let go of a volume that is taken from it. */
const DETACH_LIMIT = 60;

/** The machines of the account: they follow the store by themselves. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #volumes: Volumes;
  readonly #machines = new Map<string, Machine>();
  readonly #disks = new Map<string, Disk>();
  readonly #ending = new Set<Promise<void>>();
  /** Machines that are going, by the private address that each has until it is gone. */
  readonly #leaving = new Map<string, Promise<void>>();
  readonly #stopFollowing: () => void;
  #rules = "";
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#volumes = new Volumes(options.lab, options.folder);
    this.#stopFollowing = options.store.onChange(() => this.#follow());
    this.#follow();
  }

  /** The machine of an instance that exists. Rejects if it could not be made. */
  async guest(instanceId: string): Promise<Guest | undefined> {
    return this.#machines.get(instanceId)?.guest;
  }

  /**
   * Resolves when machines, volumes and network are as the store has them and all boots are over. Rejects with what
   * failed.
   */
  async settle(): Promise<void> {
    const { store } = this.#options;
    for (let serial = -1; serial !== store.serial;) {
      serial = store.serial;
      await this.#reconciled();
      await Promise.all([...this.#ending]);
      await this.#reconciled();
      await Promise.all([...this.#machines.values()].map(({ boot }) => boot));
    }
  }

  /** Leaves the machines as they are from now on. */
  close(): void {
    this.#closed = true;
    this.#stopFollowing();
  }

  #follow(): void {
    this.#reconciled().catch(() => undefined); // `settle` comes to it again, and tells.
  }

  /** One after the other: each brings everything to what the store has when its turn comes. */
  #reconciled(): Promise<void> {
    const mine = this.#turn.then(() => this.#reconcile());
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #reconcile(): Promise<void> {
    if (this.#closed) return;
    await this.#applyRules();
    const instances = this.#options.store.list(AWS_TYPES.instance);
    const present = new Set(instances.map(({ id }) => id));
    for (const [id, machine] of this.#machines) if (!present.has(id)) this.#terminate(id, machine);
    for (const instance of instances) {
      const machine = this.#machines.get(instance.id);
      if (machine === undefined) this.#launch(instance);
      else if (machine.form !== formOf(instance)) this.#restart(instance, machine);
    }
    await this.#plugVolumes();
  }

  async #applyRules(): Promise<void> {
    const { lab, store, account } = this.#options;
    const rules = packetFilter(store, account);
    if (rules === this.#rules) return;
    await lab.check(["nft", "--file", "-"], { input: rules });
    this.#rules = rules;
  }

  #launch(instance: CloudRecord): void {
    const { lab, account, guestFiles } = this.#options;
    const { id, outputs } = instance;
    const { subnets } = defaultNetwork(account.region);
    const { cidrBlock } = subnets.find((subnet) => subnet.id === outputs.subnetId) ?? subnets[0];
    const privateIp = asText(outputs.privateIp);
    const plan = {
      instanceId: id,
      region: account.region,
      packages: guestPackages(bootedUserData(instance)),
      privateIp,
      macAddress: macAddress(privateIp),
      subnet: cidrBlock,
      gateway: cidrBlock.replace(/\d+\/.*/, "1"),
      files: guestFiles,
    };
    // A network interface that outlives its instance is free when that has ended.
    const vacated = this.#leaving.get(privateIp) ?? Promise.resolve();
    const guest = vacated.then(() => Guest.create(lab, plan));
    const boot = guest.then((made) => {
      machine.made = made;
      return this.#start(made);
    });
    const machine: Machine = { guest, privateIp, form: formOf(instance), boot };
    this.#machines.set(id, machine);
    boot.catch(() => undefined); // `settle` tells.
  }

  async #start(guest: Guest): Promise<Boot> {
    // Volumes first, so that the guest finds them when it boots.
    await this.#reconciled();
    guest.start();
    const boot = await guest.booted();
    for (const error of boot.errors) this.#options.report(`cloud-init on ${guest.instanceId}: ${error}`);
    return boot;
  }

  /** What a change in place of the type or the user data means on EC2: the instance is stopped and started. */
  #restart(instance: CloudRecord, machine: Machine): void {
    machine.form = formOf(instance);
    const before = machine.boot.catch(() => undefined);
    machine.boot = before.then(async () => {
      const guest = await machine.guest;
      await guest.stop();
      return this.#start(guest);
    });
    machine.boot.catch(() => undefined);
  }

  #terminate(id: string, { guest, privateIp }: Machine): void {
    this.#machines.delete(id);
    const ended = guest.then(
      async (made) => {
        await made.stop();
        for (const [volumeId, disk] of this.#disks)
          if (disk.attachment?.guest === made) await this.#unplug(volumeId, disk);
        await made.remove();
      },
      () => undefined,
    );
    const left = ended
      .catch(() => undefined) // `settle` tells.
      .finally(() => {
        if (this.#leaving.get(privateIp) === left) this.#leaving.delete(privateIp);
      });
    this.#leaving.set(privateIp, left);
    void this.#untilEnded(ended);
  }

  /** What `settle` waits for, and after which there may be more to do. */
  #untilEnded(work: Promise<void>): Promise<void> {
    const ended = work.finally(() => {
      this.#ending.delete(ended);
      this.#follow();
    });
    ended.catch(() => undefined);
    this.#ending.add(ended);
    return ended;
  }

  async #plugVolumes(): Promise<void> {
    const { store } = this.#options;
    const attachments = new Map(
      store.list(AWS_TYPES.volumeAttachment).map(({ inputs }) => [asText(inputs.volumeId), inputs]),
    );
    for (const [volumeId, disk] of this.#disks) {
      const { attachment } = disk;
      if (attachment === undefined || attachments.get(volumeId)?.instanceId === attachment.instanceId)
        continue;
      // An instance that ends takes its volumes out itself, when it has shut down.
      if (!this.#machines.has(attachment.instanceId) || disk.detaching !== undefined) continue;
      const detaching = this.#detach(volumeId, disk).finally(() => delete disk.detaching);
      disk.detaching = this.#untilEnded(detaching);
    }
    for (const [volumeId, { instanceId, stopInstanceBeforeDetaching }] of attachments) {
      // One that is still being made has the volumes plugged in when it is.
      const guest = this.#machines.get(asText(instanceId))?.made;
      const size = Number(store.find(AWS_TYPES.volume, volumeId)?.inputs.size);
      if (guest === undefined) continue;
      const disk = await this.#disk(volumeId, size);
      // Perhaps by another one, which has yet to let go of it.
      if (disk.attachment !== undefined) continue;
      await guest.attach(volumeId, disk.device);
      const stopFirst = stopInstanceBeforeDetaching === true;
      disk.attachment = { guest, instanceId: guest.instanceId, stopFirst };
    }
    await this.#dropVolumes();
  }

  async #disk(volumeId: string, size: number): Promise<Disk> {
    const known = this.#disks.get(volumeId);
    if (known === undefined) {
      const device = await this.#volumes.open(volumeId, size);
      const disk = { device, size, attachment: undefined };
      this.#disks.set(volumeId, disk);
      return disk;
    }
    if (known.size < size) await known.device.grow(size);
    known.size = size;
    return known;
  }

  /**
   * As DetachVolume does: a volume that the instance has mounted stays until it is unmounted, or the instance has shut
   * down.
   */
  async #detach(volumeId: string, disk: Disk): Promise<void> {
    const { attachment, device } = disk;
    if (attachment === undefined) return;
    if (attachment.stopFirst) await attachment.guest.stop();
    for (let waited = 0; device.isMounted(); waited += 0.1) {
      // It may be about to end: then the volume is free sooner than the instance lets go of it by itself.
      if (this.#options.store.find(AWS_TYPES.instance, attachment.instanceId) === undefined) return;
      if (waited > DETACH_LIMIT)
        throw new Error(
          `${volumeId} can't be detached from ${attachment.instanceId}, which has it mounted: ` +
            "unmount it there first, or set stopInstanceBeforeDetaching on the attachment",
        );
      await sleep(100);
    }
    await this.#unplug(volumeId, disk);
  }

  async #unplug(volumeId: string, disk: Disk): Promise<void> {
    await disk.attachment?.guest.detach(volumeId);
    disk.attachment = undefined;
  }

  /** Deleted volumes go, with their content. */
  async #dropVolumes(): Promise<void> {
    const present = new Set(this.#options.store.list(AWS_TYPES.volume).map(({ id }) => id));
    for (const [volumeId, { device, attachment }] of this.#disks) {
      if (present.has(volumeId) || attachment !== undefined) continue;
      this.#disks.delete(volumeId);
      await device.release();
    }
    await this.#volumes.keepOnly(present);
  }
}

function formOf({ inputs: { instanceType, userData, userDataBase64 } }: CloudRecord): string {
  return JSON.stringify([instanceType, userData, userDataBase64]);
}
