import { describe, expect, test } from "vitest";
import { defaultNetwork } from "../../local/aws/network.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import type { Properties } from "../../local/provider/values.ts";
import { ACCESS_POLICY, REGION, TRUST_POLICY, imageId, openAccount } from "./aws-account.ts";

const { vpcId, subnets } = defaultNetwork(REGION);

const HOST = { ami: imageId("arm64"), instanceType: "t4g.small" };
const PARAMETER = { name: "/mail/key", type: "String", value: "x" };
const ROLE = { assumeRolePolicy: TRUST_POLICY };
const RULE = {
  securityGroupId: "sg-00000000000000000",
  ipProtocol: "tcp",
  fromPort: 25,
  toPort: 25,
  cidrIpv4: "0.0.0.0/0",
};
const VOLUME = { availabilityZone: "eu-central-1a", size: 8 };

const statement = (more: object): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "a:B", ...more }] });

/** What is refused in an empty account, and the words that the error has. */
const REFUSALS: Readonly<Record<string, readonly (readonly [inputs: Properties, ...words: string[]])[]>> = {
  [AWS_TYPES.eip]: [
    [{ domainn: "vpc" }, "Invalid or unknown key", "Did you mean 'domain'?"],
    [{ domain: "standard" }, 'expected "standard" to be one of ["vpc"]'],
    [{ tags: "Name" }, "expected object type, got string type"],
    [{ tags: { "aws:x": "1" } }, "Tag keys starting with 'aws:' are reserved for internal use: 'aws:x'"],
    [{ tags: { "": "1" } }, "Tag keys must not be empty"],
    [{ tags: { Name: "x".repeat(257) } }, "Tag value exceeds the maximum length of 256 characters"],
    [{ tags: { ["x".repeat(129)]: "" } }, "Tag key exceeds the maximum length of 128 characters"],
    [
      { tags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, ""])) },
      "maximum number of 50 tags",
    ],
    [{ region: "us-east-1" }, "The local cloud has the Region eu-central-1 only"],
    [{ address: "192.0.2.300" }, "expected a valid IPv4 address"],
    [{ address: "203.0.113.1" }, "api error InvalidAddress.NotFound: Address '203.0.113.1' is not available"],
    [{ customerOwnedIpv4Pool: "ipv4pool-coip-0" }, "The local cloud has no Outposts"],
    [{ publicIpv4Pool: "ipv4pool-ec2-012345" }, "The pool ID 'ipv4pool-ec2-012345' does not exist"],
    [{ ipamPoolId: "ipam-pool-012345" }, "The pool ID 'ipam-pool-012345' does not exist"],
    [
      { instance: "i-00000000000000000" },
      "InvalidInstanceID.NotFound",
      "'i-00000000000000000' does not exist",
    ],
    [{ networkInterface: "eni-00000000000000000" }, "InvalidNetworkInterfaceID.NotFound"],
  ],
  [AWS_TYPES.eipAssociation]: [
    [
      {},
      "One of allocationId and publicIp must be specified",
      "One of instanceId and networkInterfaceId must be specified",
    ],
    [
      { allocationId: "eipalloc-00000000000000000", instanceId: "i-0" },
      "InvalidAllocationID.NotFound: The allocation ID 'eipalloc-00000000000000000' does not exist",
    ],
    [
      { publicIp: "192.0.2.77", instanceId: "i-0" },
      "InvalidAddress.NotFound: Address '192.0.2.77' not found.",
    ],
  ],
  [AWS_TYPES.eipDomainName]: [
    [{}, "Missing required property 'allocationId'", "Missing required property 'domainName'"],
    [
      { allocationId: "eipalloc-00000000000000000", domainName: "mail.example.com" },
      "InvalidAllocationID.NotFound",
    ],
    ...[
      "mail",
      "mail_1.example.com",
      "-mail.example.com",
      "192.0.2.1",
      "mail..example.com",
      "",
      `${"a".repeat(64)}.example.com`,
    ].map(
      (domainName) =>
        [
          { allocationId: "eipalloc-0", domainName },
          `expected a fully qualified domain name, got: ${domainName}`,
        ] as const,
    ),
  ],
  [AWS_TYPES.instance]: [
    [
      {},
      "one of ami, launchTemplate must be specified",
      "one of instanceType, launchTemplate must be specified",
    ],
    [{ ...HOST, amii: "x" }, "Did you mean 'ami'?"],
    [{ ...HOST, ami: "debian" }, 'Invalid id (expecting "ami-...")'],
    [{ ...HOST, ami: "ami-xyz" }, 'InvalidAMIID.Malformed: Invalid id: "ami-xyz"'],
    [
      { ...HOST, ami: "ami-0123456789abcdef0" },
      "InvalidAMIID.NotFound: The image id '[ami-0123456789abcdef0]' does not exist",
    ],
    [
      { ...HOST, instanceType: "t3.small" },
      "The architecture 'x86_64' of the specified instance type does not match the architecture 'arm64' of the specified AMI",
    ],
    [
      { ami: imageId("x86_64"), instanceType: "t4g.nano" },
      "The architecture 'arm64' of the specified instance type does not match the architecture 'x86_64'",
    ],
    [
      { ...HOST, instanceType: "t4g.smal" },
      "InvalidParameterValue: Invalid value 't4g.smal' for InstanceType.",
      "Did you mean 't4g.small'?",
    ],
    [
      { ...HOST, userData: "x".repeat(16385) },
      "expected a length in the range (0 - 16384), got 16385 characters",
    ],
    [{ ...HOST, userData: "é".repeat(8193) }, "User data is limited to 16384 bytes"],
    [{ ...HOST, userDataBase64: "x".repeat(5) }, "must be base64-encoded"],
    [
      { ...HOST, userDataBase64: Buffer.alloc(16385).toString("base64") },
      "User data is limited to 16384 bytes",
    ],
    [{ ...HOST, userData: "a", userDataBase64: "YQ==" }, "conflicts with userDataBase64"],
    [
      { ...HOST, subnetId: "subnet-00000000000000000" },
      "InvalidSubnetID.NotFound: The subnet ID 'subnet-00000000000000000' does not exist",
    ],
    [{ ...HOST, availabilityZone: "eu-central-1z" }, "Invalid availability zone: [eu-central-1z]"],
    [{ ...HOST, subnetId: subnets[0].id, availabilityZone: "eu-central-1b" }, "is not the one of the subnet"],
    [{ ...HOST, privateIp: "10.0.0.1" }, "Address 10.0.0.1 does not fall within the subnet's address range"],
    [{ ...HOST, privateIp: "172.31.0.3" }, "does not fall within the subnet's address range"],
    [{ ...HOST, privateIp: "172.31.15.255" }, "does not fall within the subnet's address range"],
    [
      { ...HOST, iamInstanceProfile: "nobody" },
      "Value (nobody) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    ],
    [{ ...HOST, vpcSecurityGroupIds: ["firewall"] }, 'Invalid id (expecting "sg-...")'],
    [
      { ...HOST, vpcSecurityGroupIds: ["sg-00000000000000000"] },
      "InvalidGroup.NotFound: The security group 'sg-00000000000000000' does not exist",
    ],
    [
      { ...HOST, securityGroups: ["firewall"] },
      "The security group 'firewall' does not exist in default VPC",
    ],
    [
      { ...HOST, metadataOptions: { httpTokens: "always" } },
      'expected "always" to be one of ["optional","required"]',
      "mail.metadataOptions.httpTokens",
    ],
    [{ ...HOST, metadataOptions: { httpPutResponseHopLimit: 65 } }, "range (1 - 64), got 65"],
    [{ ...HOST, metadataOptions: { httpToken: "required" } }, "Did you mean 'httpTokens'?"],
    [
      { ...HOST, metadataOptions: { instanceMetadataTags: "enabled" }, tags: { "a b": "" } },
      "'a b' is not a valid tag key",
    ],
    [{ ...HOST, rootBlockDevice: { volumeType: "floppy" } }, 'expected "floppy" to be one of'],
    [{ ...HOST, rootBlockDevice: { volumeSize: "8" } }, "expected number type, got string type"],
    [
      { ...HOST, primaryNetworkInterface: { networkInterfaceId: "eni-0" } },
      "InvalidNetworkInterfaceID.NotFound",
    ],
    [
      { ...HOST, primaryNetworkInterface: { networkInterfaceId: "eni-0" }, subnetId: subnets[0].id },
      "conflicts with subnetId",
    ],
  ],
  [AWS_TYPES.securityGroup]: [
    [{ name: "sg-mail" }, "cannot begin with sg-"],
    [{ name: "a\n" }, "may contain letters, digits"],
    [
      { name: "default" },
      `InvalidGroup.Duplicate: The security group 'default' already exists for VPC '${vpcId}'`,
    ],
    [{ description: "x".repeat(256) }, "range (0 - 255), got 256 characters"],
    [
      { vpcId: "vpc-00000000000000000" },
      "InvalidVpcID.NotFound: The vpc ID 'vpc-00000000000000000' does not exist",
    ],
    [{ ingress: [{ protocol: "tcp", fromPort: 25 }] }, "Missing required property 'toPort'"],
    [
      { ingress: [{ protocol: "tcp", fromPort: 25, toPort: 25, cidrBlocks: ["0.0.0.0"] }] },
      '"0.0.0.0" is not a valid IPv4 network',
      "mail.ingress[0].cidrBlocks[0]",
    ],
    [{ egress: [{ protocol: "-1", fromPort: 1, toPort: 2, cidrBlocks: ["0.0.0.0/0"] }] }, "must both be 0"],
  ],
  [AWS_TYPES.securityGroupIngressRule]: [
    [{ ...RULE }, "InvalidGroup.NotFound: The security group 'sg-00000000000000000' does not exist"],
    [{ ...RULE, cidrIpv6: "::/0" }, "Exactly one of these attributes must be configured"],
    [{ securityGroupId: "sg-0", ipProtocol: "-1" }, "Exactly one of these attributes must be configured"],
    [{ ...RULE, cidrIpv4: "10.0.0.1/8" }, '"10.0.0.1/8" is not a valid IPv4 network'],
    [{ ...RULE, cidrIpv4: "10.0.0.0/33" }, "is not a valid IPv4 network"],
    [{ ...RULE, cidrIpv4: "::/0" }, "is not a valid IPv4 network"],
    [{ ...RULE, toPort: 65536 }, "range (-1 - 65535), got 65536"],
    [{ ...RULE, fromPort: 26 }, "Invalid TCP/UDP port range (26:25)"],
    [{ ...RULE, ipProtocol: "-1" }, 'must not be set when ipProtocol is "-1"'],
    [
      { securityGroupId: "sg-0", ipProtocol: "6", cidrIpv4: "0.0.0.0/0" },
      'must be set when ipProtocol is "tcp"',
    ],
  ],
  [AWS_TYPES.securityGroupEgressRule]: [
    [{ ...RULE }, "operation error EC2: AuthorizeSecurityGroupEgress", "InvalidGroup.NotFound"],
  ],
  [AWS_TYPES.role]: [
    [{}, "Missing required property 'assumeRolePolicy'"],
    [{ assumeRolePolicy: "{" }, "contains an invalid JSON policy"],
    [{ assumeRolePolicy: "[]" }, "not a JSON object"],
    [{ assumeRolePolicy: "{}" }, "MalformedPolicyDocument: Syntax errors in policy: no Statement"],
    [{ assumeRolePolicy: statement({}) }, "Missing required field Principal"],
    [{ assumeRolePolicy: statement({ Principal: "*", Resource: "*" }) }, "Has prohibited field Resource"],
    [{ assumeRolePolicy: statement({ Effect: "allow", Principal: "*" }) }, "Effect must be Allow or Deny"],
    [{ assumeRolePolicy: JSON.stringify({ Version: "2026-01-01", Statement: [] }) }, "valid version string"],
    [{ ...ROLE, name: "a b" }, "must match [\\w+=,.@-]"],
    [{ ...ROLE, name: "x".repeat(65) }, "range (1 - 64), got 65 characters"],
    [{ ...ROLE, path: "mail" }, "must begin and end with a slash"],
    [{ ...ROLE, maxSessionDuration: 60 }, "range (3600 - 43200), got 60"],
    [{ ...ROLE, permissionsBoundary: "policy" }, "(policy) is an invalid ARN"],
  ],
  [AWS_TYPES.rolePolicy]: [
    [{ role: "nobody", policy: ACCESS_POLICY }, "NoSuchEntity: The role with name nobody cannot be found."],
    [{ role: "nobody", policy: "nothing" }, "contains an invalid JSON policy"],
  ],
  [AWS_TYPES.rolePolicyAttachment]: [
    [
      { role: "nobody", policyArn: "arn:aws:iam::aws:policy/X" },
      "NoSuchEntity: The role with name nobody cannot be found.",
    ],
    [{ role: "nobody", policyArn: "AmazonSSMManagedInstanceCore" }, "is an invalid ARN"],
  ],
  [AWS_TYPES.instanceProfile]: [
    [{ role: "nobody" }, "NoSuchEntity: The role with name nobody cannot be found."],
    [{ name: "a/b" }, "must match"],
  ],
  [AWS_TYPES.parameter]: [
    [{ name: "x" }, "Missing required property 'type'"],
    [{ type: "String" }, "Exactly one of value, insecureValue, valueWo must be specified"],
    [{ ...PARAMETER, insecureValue: "y" }, "Exactly one of value, insecureValue, valueWo must be specified"],
    [
      { ...PARAMETER, type: "Secret" },
      'expected "Secret" to be one of ["String","StringList","SecureString"]',
    ],
    [
      { ...PARAMETER, value: "x".repeat(4097) },
      "ValidationException: Standard tier parameters support a maximum parameter value of 4096 characters",
    ],
    [{ ...PARAMETER, value: "é".repeat(2049) }, "ValidationException: Standard tier"],
    [
      { ...PARAMETER, tier: "Advanced", value: "x".repeat(8193) },
      "Advanced tier parameters support a maximum parameter value of 8192 characters",
    ],
    [{ ...PARAMETER, tier: "Basic" }, "to be one of"],
    [
      { ...PARAMETER, name: "/aws/mail" },
      "AccessDeniedException: No access to reserved parameter name: /aws/mail.",
    ],
    [{ ...PARAMETER, name: "ssm-mail" }, `can't be prefixed with "aws" or "ssm"`],
    [{ ...PARAMETER, name: "mail/key" }, "must be a fully qualified name"],
    [{ ...PARAMETER, name: "/mail/key 1" }, "only a mix of letters, numbers"],
    [{ ...PARAMETER, name: "/mail/" }, "must not end with a slash"],
    [{ ...PARAMETER, name: "/a".repeat(16) }, "maximum of 15 levels"],
    [
      { ...PARAMETER, allowedPattern: "^\\d+$" },
      "ParameterPatternMismatchException: Parameter value, cannot be validated against allowedPattern: ^\\d+$",
    ],
    [
      { name: "/a", type: "SecureString", insecureValue: "x" },
      "cannot set type = SecureString and insecure_value",
    ],
    [{ name: "/a", type: "String", valueWo: "x" }, "valueWo requires valueWoVersion"],
  ],
  [AWS_TYPES.volume]: [
    [{ availabilityZone: "eu-central-1a" }, "one of size, snapshotId must be specified"],
    [
      { ...VOLUME, availabilityZone: "eu-central-1z" },
      "InvalidZone.NotFound: The zone 'eu-central-1z' does not exist.",
    ],
    [{ ...VOLUME, type: "gp9" }, 'expected "gp9" to be one of'],
    [{ ...VOLUME, snapshotId: "snap-0" }, "InvalidSnapshot.NotFound"],
    [{ ...VOLUME, size: 0 }, "range (1 - 65536), got 0"],
  ],
  [AWS_TYPES.volumeAttachment]: [
    [{ deviceName: "disk", instanceId: "i-0", volumeId: "vol-0" }, "is no device name such as /dev/sdf"],
    [
      { deviceName: "/dev/sdf", instanceId: "i-0", volumeId: "vol-0" },
      "InvalidVolume.NotFound: The volume 'vol-0' does not exist.",
    ],
  ],
  [AWS_TYPES.networkInterface]: [
    [{}, "Missing required property 'subnetId'"],
    [{ subnetId: "subnet-0" }, "InvalidSubnetID.NotFound"],
    [{ subnetId: subnets[0].id, securityGroups: ["sg-0"] }, "InvalidGroup.NotFound"],
  ],
};

test("every resource type has refusals", () => {
  expect(Object.keys(REFUSALS).toSorted()).toEqual(Object.values(AWS_TYPES).toSorted());
});

describe.each(Object.entries(REFUSALS))("%s", (type, cases) => {
  test("refuses wrong inputs in the real provider's words, and nothing is made", async () => {
    const { client, store } = await openAccount();
    for (const [inputs, ...words] of cases) {
      const refusal = await client.up(type, "mail", inputs).then(
        () => "accepted",
        (error: unknown) => String(error),
      );
      for (const word of words) expect.soft(refusal, JSON.stringify(inputs).slice(0, 200)).toContain(word);
    }
    expect(store.all()).toEqual([]);
  });
});

test("the words of an AWS error are the SDK's: operation, status, code, message", async () => {
  const { client } = await openAccount();
  await expect(client.up(AWS_TYPES.securityGroup, "mail", { vpcId: "vpc-0", name: "mail" })).rejects.toThrow(
    "creating Security Group (mail): operation error EC2: CreateSecurityGroup, https response error StatusCode: 400, " +
      "RequestID: local-cloud, api error InvalidVpcID.NotFound: The vpc ID 'vpc-0' does not exist",
  );
  await expect(
    client.up(AWS_TYPES.instanceProfile, "mail", { role: "nobody", name: "mail" }),
  ).rejects.toThrow(
    "creating IAM Instance Profile (mail): operation error IAM: AddRoleToInstanceProfile, https response error " +
      "StatusCode: 404, RequestID: local-cloud, NoSuchEntity: The role with name nobody cannot be found.",
  );
});

test.each(Object.entries(REFUSALS))("%s accepts every property of the SDK, used or not", async (type) => {
  const { client } = await openAccount();
  const { resourceSchema } = await import("../../local/provider/schemas.ts");
  const { propertiesOf } = await import("../../local/provider/shape.ts");
  const names = propertiesOf(resourceSchema(type).inputs).map(({ name }) => name);
  const { failures } = await client.check(
    type,
    "mail",
    Object.fromEntries(names.map((name) => [name, { no: 1 }])),
  );
  expect(failures.filter(([, reason]) => reason.includes(`unknown key`) && !reason.includes(".no"))).toEqual(
    [],
  );
});
