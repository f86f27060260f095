import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { defaultNetwork } from "../../local/aws/network.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { createAuthority } from "../../local/lab/authority.ts";
import { awsRecords, startAwsServices, trustFiles } from "../../local/lab/aws-services.ts";
import { startLabDns, withRecords } from "../../local/lab/dns.ts";
import { Fleet } from "../../local/lab/fleet.ts";
import type { Guest } from "../../local/lab/guest.ts";
import { openLab, type Lab } from "../../local/lab/lab.ts";
import { cloudZones } from "../../local/dns/cloud-zones.ts";
import { BLOCKLIST, INBOX } from "../../local/inbox.ts";
import { CloudStore, type CloudTransaction, type JsonObject } from "../../local/store.ts";

export const ACCOUNT = { region: "eu-central-1", accountId: "123456789012" };
export const INSTANCE = "i-0123456789abcdef0";
export const VOLUME = "vol-0aaaabbbbccccdddd";
export const ELASTIC_IP = "192.0.2.10";

/** What says that an instance has run it: nothing of mail, so that it boots fast. */
const USER_DATA = `#cloud-config
fqdn: okmail.example.com
prefer_fqdn_over_hostname: true
write_files:
  - path: /root/written
    content: by its user data
runcmd:
  - touch /root/ran
`;

export interface Launch {
  /** @default 172.31.0.4 */
  readonly privateIp?: string;
  /** Whether it has the Elastic IP. */
  readonly elastic?: boolean;
  /** Whether it has the volume. */
  readonly volume?: boolean;
}

/** A lab whose fleet follows a store that the test writes itself. */
export interface GuestLab {
  readonly folder: string;
  readonly lab: Lab;
  readonly store: CloudStore;
  readonly fleet: Fleet;
  /** What the fleet reported. */
  readonly reports: readonly string[];
  /** Records an instance as the provider would; the fleet follows. */
  launch(instanceId: string, launch?: Launch): void;
  guest(instanceId: string): Promise<Guest>;
  close(): Promise<void>;
}

export function insert(
  cloud: CloudTransaction,
  type: string,
  id: string,
  inputs: JsonObject,
  outputs: JsonObject = {},
) {
  cloud.insert({ type, id, urn: `urn:pulumi:lab::okmail::${type}::${id}`, inputs, outputs });
}

export function attachVolume(cloud: CloudTransaction, instanceId: string, more: JsonObject = {}): void {
  const inputs = { volumeId: VOLUME, instanceId, deviceName: "/dev/sdf", ...more };
  insert(cloud, AWS_TYPES.volumeAttachment, `vai-${instanceId}`, inputs);
}

export function associateElasticIp(cloud: CloudTransaction, instanceId: string, privateIp: string): void {
  for (const { id } of cloud.list(AWS_TYPES.eipAssociation)) cloud.remove(AWS_TYPES.eipAssociation, id);
  const associationId = `eipassoc-${instanceId}`;
  const association = {
    associationId,
    allocationId: "eipalloc-1",
    networkInterfaceId: `eni-${instanceId}`,
    privateIp,
  };
  insert(cloud, AWS_TYPES.eipAssociation, associationId, {}, { association });
}

export async function openGuestLab(): Promise<GuestLab> {
  const folder = mkdtempSync(path.join(tmpdir(), "okmail-lab-"));
  const store = CloudStore.open(path.join(folder, "cloud"));
  const reports: string[] = [];
  const report = (line: string) => void reports.push(line);
  const lab = await openLab({ report });
  const zones = () =>
    withRecords(
      cloudZones({
        cloud: store,
        zones: [],
        region: ACCOUNT.region,
        inbox: INBOX,
        blocklist: { zone: BLOCKLIST, listings: [] },
      }),
      awsRecords(ACCOUNT.region),
    );
  const authority = await createAuthority(lab);
  const [dns, aws] = await Promise.all([
    startLabDns(lab, { zones, serial: () => store.serial }),
    startAwsServices(lab, { store, account: ACCOUNT, authority }),
  ]);
  store.transact((cloud) => {
    insert(cloud, AWS_TYPES.securityGroup, "sg-1", {});
    const rule = { securityGroupId: "sg-1", cidrIpv4: "0.0.0.0/0" };
    insert(cloud, AWS_TYPES.securityGroupIngressRule, "sgr-1", {
      ...rule,
      ipProtocol: "tcp",
      fromPort: 25,
      toPort: 25,
    });
    insert(cloud, AWS_TYPES.securityGroupEgressRule, "sgr-2", { ...rule, ipProtocol: "-1" });
    insert(cloud, AWS_TYPES.eip, "eipalloc-1", {}, { publicIp: ELASTIC_IP });
    insert(cloud, AWS_TYPES.volume, VOLUME, { size: 1, availabilityZone: "eu-central-1a" });
  });
  const fleet = new Fleet({
    lab,
    store,
    account: ACCOUNT,
    folder: path.join(folder, "volumes"),
    guestFiles: trustFiles(authority),
    report,
  });
  return {
    folder,
    lab,
    store,
    fleet,
    reports,
    launch: (instanceId, { privateIp = "172.31.0.4", elastic = false, volume = false } = {}) =>
      store.transact((cloud) => {
        insert(
          cloud,
          AWS_TYPES.instance,
          instanceId,
          {
            ami: "ami-1",
            instanceType: "t3.micro",
            metadataOptions: { httpTokens: "required" },
            userData: USER_DATA,
            vpcSecurityGroupIds: ["sg-1"],
          },
          {
            privateIp,
            subnetId: defaultNetwork(ACCOUNT.region).subnets[0].id,
            primaryNetworkInterfaceId: `eni-${instanceId}`,
          },
        );
        if (elastic) associateElasticIp(cloud, instanceId, privateIp);
        if (volume) attachVolume(cloud, instanceId);
      }),
    guest: async (instanceId) => {
      const guest = await fleet.guest(instanceId);
      if (guest === undefined) throw new Error(`there is no ${instanceId}`);
      return guest;
    },
    close: async () => {
      fleet.close();
      await Promise.all([dns.close(), aws.close(), lab.close()]);
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
}
