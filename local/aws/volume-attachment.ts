import { createHash } from "node:crypto";
import type { CloudTransaction } from "../store.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { awsResource } from "./aws-resource.ts";
import { existingInstance } from "./existing.ts";
import { matches } from "./formats.ts";
import { stopInstance } from "./instance-state.ts";
import { AWS_TYPES } from "./types.ts";

const ATTACH = { service: "EC2", operation: "AttachVolume" } as const;

interface Inputs {
  readonly deviceName: string;
  readonly instanceId: string;
  readonly stopInstanceBeforeDetaching?: boolean;
  readonly volumeId: string;
}

/** aws:ec2/volumeAttachment:VolumeAttachment, a volume on an instance. */
export function volumeAttachment(account: Account): ResourceDefinition {
  return awsResource<Inputs>(account, {
    type: AWS_TYPES.volumeAttachment,
    label: "EBS Volume Attachment",
    formats: {
      deviceName: matches(/^(?:\/dev\/)?(?:sd|xvd)[a-z]{1,2}\d{0,2}$/, "is no device name such as /dev/sdf"),
    },
    forcesNew: ["deviceName", "instanceId", "volumeId"],

    create: (cloud, { deviceName, instanceId, volumeId }) => {
      const volume = cloud.find(AWS_TYPES.volume, volumeId);
      if (volume === undefined) {
        throw new ApiError(ATTACH, "InvalidVolume.NotFound", `The volume '${volumeId}' does not exist.`);
      }
      const instance = existingInstance(cloud, ATTACH, instanceId);
      if (volume.inputs.availabilityZone !== instance.outputs.availabilityZone) {
        const message = `The volume '${volumeId}' is not in the same availability zone as instance '${instanceId}'`;
        throw new ApiError(ATTACH, "InvalidVolume.ZoneMismatch", message);
      }
      const others = cloud.list(AWS_TYPES.volumeAttachment);
      if (others.some(({ inputs }) => inputs.volumeId === volumeId)) {
        throw new ApiError(ATTACH, "VolumeInUse", `${volumeId} is already attached to an instance`);
      }
      if (others.some(({ inputs }) => inputs.instanceId === instanceId && inputs.deviceName === deviceName)) {
        const message = `Invalid value '${deviceName}' for unixDevice. Attachment point ${deviceName} is already in use`;
        throw new ApiError(ATTACH, "InvalidParameterValue", message);
      }
      // The id is made of what it joins, as the real provider does.
      const digest = createHash("sha256").update(`${deviceName}-${instanceId}-${volumeId}-`).digest("hex");
      return { id: `vai-${String(parseInt(digest.slice(0, 8), 16))}`, outputs: {} };
    },

    delete: (cloud, _, { instanceId, stopInstanceBeforeDetaching }) => {
      if (stopInstanceBeforeDetaching === true) stopInstance(cloud, instanceId);
    },
  });
}

/** Detaches all volumes of an instance, as its termination does. */
export function detachInstanceVolumes(cloud: CloudTransaction, instanceId: string): void {
  for (const { id, inputs } of cloud.list(AWS_TYPES.volumeAttachment)) {
    if (inputs.instanceId === instanceId) cloud.remove(AWS_TYPES.volumeAttachment, id);
  }
}
