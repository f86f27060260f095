import type { JsonObject } from "../store.ts";
import type { FunctionDefinition } from "../provider/definition.ts";
import type { Account } from "./account.ts";
import { awsFunction } from "./aws-function.ts";
import { exactlyOne, findMatching } from "./find-one.ts";
import type { Filter } from "./find-one.ts";
import { DEBIAN_ACCOUNT, images } from "./images.ts";
import type { Image } from "./images.ts";

const DESCRIBE = { service: "EC2", operation: "DescribeImages" } as const;

interface Arguments {
  readonly filters?: readonly Filter[];
  readonly mostRecent?: boolean;
  readonly nameRegex?: string;
  readonly owners?: readonly string[];
}

/** aws:ec2/getAmi:getAmi, a machine image by name, architecture or id. */
export function getAmi(account: Account): FunctionDefinition {
  return awsFunction<Arguments>(account, {
    token: "aws:ec2/getAmi:getAmi",
    call: ({ filters, mostRecent, nameRegex, owners }) => {
      if (owners !== undefined && !owners.includes(DEBIAN_ACCOUNT))
        return view(account, exactlyOne<Image>([], "EC2 AMI"));
      const candidates = images(account.region).map((image) => ({
        value: image,
        properties: properties(image),
        tags: {},
      }));
      const named = new RegExp(nameRegex ?? "");
      const found = findMatching(DESCRIBE, candidates, { filters }).filter(({ name }) => named.test(name));
      // All images are of one age: the highest release counts as the most recent.
      return view(account, exactlyOne(mostRecent === true ? found.slice(-1) : found, "EC2 AMI"));
    },
  });
}

/** What filters can ask of an image. */
function properties({ id, name, architecture }: Image): Record<string, string> {
  return {
    architecture,
    "image-id": id,
    "image-type": "machine",
    name,
    "owner-id": DEBIAN_ACCOUNT,
    "root-device-type": "ebs",
    state: "available",
    "virtualization-type": "hvm",
  };
}

function view({ region }: Account, { id, name, architecture }: Image): JsonObject {
  return {
    architecture,
    arn: `arn:aws:ec2:${region}::image/${id}`,
    blockDeviceMappings: [],
    bootMode: architecture === "arm64" ? "uefi" : "uefi-preferred",
    creationDate: "2026-01-01T00:00:00.000Z",
    deprecationTime: "",
    description: `Debian ${name.split("-")[1] ?? ""} (${architecture})`,
    enaSupport: true,
    hypervisor: "xen",
    id,
    imageId: id,
    imageLocation: `amazon/${name}`,
    imageOwnerAlias: "",
    imageType: "machine",
    imdsSupport: "",
    kernelId: "",
    lastLaunchedTime: "",
    name,
    ownerId: DEBIAN_ACCOUNT,
    platform: "",
    platformDetails: "Linux/UNIX",
    productCodes: [],
    public: true,
    ramdiskId: "",
    rootDeviceName: "/dev/xvda",
    rootDeviceType: "ebs",
    rootSnapshotId: "",
    sriovNetSupport: "simple",
    state: "available",
    stateReason: {},
    tags: {},
    tpmSupport: "",
    usageOperation: "RunInstances",
    virtualizationType: "hvm",
  };
}
