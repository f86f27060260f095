import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { userDataBase64 } from "../mail/host/user-data.ts";
import { HostRole } from "./host-role.ts";
import { HostSecurityGroup, type InboundService } from "./host-security-group.ts";

export interface MailHostArgs {
  /** The HELO name; also the host's own name. */
  readonly helo: pulumi.Input<string>;
  /** The domain whose mail the host sends. */
  readonly domain: pulumi.Input<string>;
  /** Allocation id of the Elastic IP to send from. */
  readonly allocationId: pulumi.Input<string>;
  /** The cloud-config that makes the instance a mail host. A change replaces the instance, never its address or queue. */
  readonly userData: pulumi.Input<string>;
  /** EC2 instance type; its architecture (arm64 or amd64) chooses the Debian image. */
  readonly instanceType: pulumi.Input<string>;
  /**
   * The AMI to boot.
   *
   * @default - the newest Debian 13 at first use; the choice is kept until this is set, so that a new image upstream never
   * replaces a mail host
   */
  readonly imageId?: pulumi.Input<string> | undefined;
  /**
   * The subnet to stand in; it needs a route to an internet gateway.
   *
   * @default - a default subnet of the region, kept after first use
   */
  readonly subnetId?: pulumi.Input<string> | undefined;
  /** ARNs of the SSM parameters that the host reads at boot. */
  readonly parameterArns: readonly pulumi.Input<string>[];
  /**
   * ARN of the SNS topic that the host tells of changes.
   *
   * @default - none
   */
  readonly topicArn?: pulumi.Input<string> | undefined;
  /** What may come to the host from outside. */
  readonly inbound: readonly InboundService[];
  /** Size of the volume for mail, in GiB. It can grow, never shrink. */
  readonly queueVolumeSize: pulumi.Input<number>;
  /**
   * Whether the volume for mail is protected, and stays in the account when it leaves the stack.
   *
   * @default true
   */
  readonly keepQueue?: boolean | undefined;
}

/**
 * A mail host: a Debian instance with Postfix behind a sending address. It can be replaced at any time: the network
 * interface keeps the address meanwhile, so the new instance has it from its first packet on, and mail that isn't
 * delivered yet waits on a volume of its own.
 */
export class MailHost extends pulumi.ComponentResource {
  readonly instanceId: pulumi.Output<string>;
  readonly privateIp: pulumi.Output<string>;
  /** The EBS volume that holds the queue, mail received and the certificate. */
  readonly queueVolumeId: pulumi.Output<string>;

  constructor(name: string, args: MailHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("okmail:index:MailHost", name, {}, opts);

    const subnetId = args.subnetId ?? defaultSubnetId(this);
    const securityGroup = new HostSecurityGroup(
      name,
      { helo: args.helo, subnetId, inbound: args.inbound },
      { parent: this },
    );
    const role = new HostRole(
      name,
      { helo: args.helo, parameterArns: args.parameterArns, topicArn: args.topicArn },
      { parent: this },
    );

    const networkInterface = new aws.ec2.NetworkInterface(
      `${name}-interface`,
      {
        subnetId,
        securityGroups: [securityGroup.securityGroupId],
        description: pulumi.interpolate`Mail host ${args.helo}`,
        tags: { Name: args.helo },
      },
      // A default subnet is looked up anew each time; the answer must not move the host.
      { parent: this, ignoreChanges: args.subnetId === undefined ? ["subnetId"] : [] },
    );
    const association = new aws.ec2.EipAssociation(
      `${name}-association`,
      {
        allocationId: args.allocationId,
        networkInterfaceId: networkInterface.id,
        // An address in use elsewhere is never taken away in passing.
        allowReassociation: false,
      },
      { parent: this, deleteBeforeReplace: true },
    );
    const queue = this.createQueueVolume(`${name}-queue`, args, networkInterface.subnetId);
    const instance = new aws.ec2.Instance(
      `${name}-host`,
      {
        ami: args.imageId ?? debianImageId(args.instanceType, this),
        instanceType: args.instanceType,
        primaryNetworkInterface: { networkInterfaceId: networkInterface.id },
        iamInstanceProfile: role.instanceProfileName,
        // EC2 takes no more than 16 KB.
        userDataBase64: pulumi.output(args.userData).apply(userDataBase64),
        // cloud-init reads user data at first boot only: without a replacement Postfix would keep the old HELO name.
        userDataReplaceOnChange: true,
        metadataOptions: {
          httpEndpoint: "enabled",
          httpTokens: "required",
          httpPutResponseHopLimit: 1,
          // The host reads from its tags which volume is its own.
          instanceMetadataTags: "enabled",
        },
        rootBlockDevice: { volumeType: "gp3", volumeSize: 20, encrypted: true, deleteOnTermination: true },
        tags: {
          Name: args.helo,
          "mail:helo": args.helo,
          "mail:domain": args.domain,
          "okmail:queue-volume": queue.id,
        },
      },
      {
        parent: this,
        dependsOn: [association, securityGroup, role],
        // The interface, and with it the address, serves one instance at a time.
        deleteBeforeReplace: true,
        // A host finds its volume at boot, so another volume is another host's.
        replaceWith: [queue],
        ignoreChanges: args.imageId === undefined ? ["ami"] : [],
      },
    );
    this.attachQueueVolume(`${name}-queue-attachment`, queue, instance);

    this.instanceId = instance.id;
    this.privateIp = networkInterface.privateIp;
    this.queueVolumeId = queue.id;
    this.registerOutputs({
      instanceId: this.instanceId,
      privateIp: this.privateIp,
      queueVolumeId: this.queueVolumeId,
      // In plain text: the instance has it packed.
      userData: args.userData,
    });
  }

  private createQueueVolume(
    name: string,
    { helo, queueVolumeSize, keepQueue = true }: MailHostArgs,
    subnetId: pulumi.Output<string>,
  ): aws.ebs.Volume {
    return new aws.ebs.Volume(
      name,
      {
        // Where the interface stands, and so the host: a volume can't leave its zone.
        availabilityZone: aws.ec2.getSubnetOutput({ id: subnetId }, { parent: this }).availabilityZone,
        size: queueVolumeSize,
        type: "gp3",
        encrypted: true,
        tags: { Name: pulumi.interpolate`${helo} mail` },
      },
      { parent: this, protect: keepQueue, retainOnDelete: keepQueue },
    );
  }

  /**
   * Before an instance is replaced or destroyed the engine deletes the attachment. The instance is stopped for that, so
   * Postfix ends and everything is written when the volume goes over to the next one.
   */
  private attachQueueVolume(name: string, volume: aws.ebs.Volume, instance: aws.ec2.Instance): void {
    new aws.ec2.VolumeAttachment(
      name,
      {
        deviceName: "/dev/sdf",
        instanceId: instance.id,
        volumeId: volume.id,
        stopInstanceBeforeDetaching: true,
      },
      { parent: this, deleteBeforeReplace: true },
    );
  }
}

function defaultSubnetId(parent: pulumi.Resource): pulumi.Output<string> {
  const subnets = aws.ec2.getSubnetsOutput(
    { filters: [{ name: "default-for-az", values: ["true"] }] },
    { parent },
  );
  return subnets.ids.apply((ids) => {
    const [first] = ids.toSorted();
    if (first === undefined)
      throw new pulumi.RunError(
        "This AWS region has no default subnet; give each host one, for example okmail:hosts: { okmail: { subnetId: subnet-0a1b2c3d4e5f60718 } }.",
      );
    return first;
  });
}

// Debian publishes its images' ids as SSM public parameters (wiki.debian.org/Cloud/AmazonEC2Image).
function debianImageId(instanceType: pulumi.Input<string>, parent: pulumi.Resource): pulumi.Output<string> {
  const { supportedArchitectures } = aws.ec2.getInstanceTypeOutput({ instanceType }, { parent });
  const architecture = supportedArchitectures.apply((names) => (names.includes("arm64") ? "arm64" : "amd64"));
  const name = pulumi.interpolate`/aws/service/debian/release/13/latest/${architecture}`;
  return aws.ssm.getParameterOutput({ name }, { parent }).value;
}
