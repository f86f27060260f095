import { asText } from "../store.ts";
import { faultOf } from "../provider/check-shape.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import { arn } from "./account.ts";
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { awsResource } from "./aws-resource.ts";
import { between, isArn, oneOf } from "./formats.ts";
import { newId } from "./id.ts";
import { defaultNetwork } from "./network.ts";
import { AWS_TYPES } from "./types.ts";

const CREATE = { service: "EC2", operation: "CreateVolume" } as const;
const MODIFY = { service: "EC2", operation: "ModifyVolume" } as const;
const DELETE = { service: "EC2", operation: "DeleteVolume" } as const;

interface Inputs {
  readonly availabilityZone: string;
  readonly size?: number;
  readonly snapshotId?: string;
  readonly type?: string;
}

/** Input and output operations and MB/s that a gp3 volume has without asking for more. */
const GP3 = { iops: 3000, throughput: 125 };

/** aws:ebs/volume:Volume, a disk that outlives the instance it is attached to. */
export function volume(account: Account): ResourceDefinition {
  const zones = defaultNetwork(account.region).subnets.map(({ availabilityZone }) => availabilityZone);
  return awsResource<Inputs>(account, {
    type: AWS_TYPES.volume,
    label: "EBS Volume",
    formats: {
      type: oneOf("gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"),
      size: between(1, 65536),
      throughput: between(125, 2000),
      kmsKeyId: isArn,
    },
    defaults: { finalSnapshot: false },
    forcesNew: [
      "availabilityZone",
      "encrypted",
      "kmsKeyId",
      "multiAttachEnabled",
      "outpostArn",
      "snapshotId",
    ],
    check: ({ size, snapshotId }) =>
      size === undefined && snapshotId === undefined
        ? [faultOf("size", "one of size, snapshotId must be specified")]
        : [],

    create: (_, { availabilityZone, snapshotId }) => {
      if (!zones.includes(availabilityZone)) {
        throw new ApiError(CREATE, "InvalidZone.NotFound", `The zone '${availabilityZone}' does not exist.`);
      }
      if (snapshotId !== undefined) {
        throw new ApiError(
          CREATE,
          "InvalidSnapshot.NotFound",
          `The snapshot '${snapshotId}' does not exist.`,
        );
      }
      return { id: newId("vol"), outputs: { createTime: new Date().toISOString() } };
    },

    update: (_, { inputs: before }, { size }) => {
      if (size !== undefined && size < Number(before.size)) {
        throw new ApiError(MODIFY, "InvalidParameterValue", "New size cannot be smaller than existing size");
      }
      return {};
    },

    view: (_, { id, inputs, outputs }) => ({
      encrypted: false,
      iops: GP3.iops,
      kmsKeyId: "",
      snapshotId: "",
      throughput: GP3.throughput,
      type: "gp2",
      ...inputs,
      ...outputs,
      arn: arn(account, "ec2", `volume/${id}`),
    }),

    delete: (cloud, { id }) => {
      const attachment = cloud.list(AWS_TYPES.volumeAttachment).find(({ inputs }) => inputs.volumeId === id);
      if (attachment === undefined) return;
      const message = `Volume ${id} is currently attached to ${asText(attachment.inputs.instanceId)}`;
      throw new ApiError(DELETE, "VolumeInUse", message);
    },
  });
}
