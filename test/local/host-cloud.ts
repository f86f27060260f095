import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { CloudStore, type JsonObject } from "../../local/store.ts";
import { cloudConfig } from "../../mail/cloud-config.ts";

export const ACCOUNT = { region: "eu-central-1", accountId: "123456789012" };
export const INSTANCE = "i-0123456789abcdef0";
export const ELASTIC_IP = "192.0.2.10";
export const PARAMETER = "/okmail/example.com/dkim/k1";
export const PARAMETER_ARN = `arn:aws:ssm:eu-central-1:123456789012:parameter${PARAMETER}`;

export const { privateKey: KEY, publicKey: PUBLIC_KEY } = (() => {
  const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    privateKey: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: pair.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
  };
})();

/** The user data that the components give a host. */
export const USER_DATA = cloudConfig({
  helo: "okmail.example.com",
  domain: "example.com",
  receivesMail: false,
  region: ACCOUNT.region,
  dkim: [{ selector: "k1", parameterName: PARAMETER, algorithm: "rsa-sha256" }],
  tls: {},
});

/** The user data with `setting` said otherwise. Throws if it doesn't say it. */
export function userDataWith(setting: string, otherwise: string): string {
  if (!USER_DATA.includes(setting)) throw new Error(`the user data has no "${setting}"`);
  return USER_DATA.replace(setting, otherwise);
}

const ALLOW = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "ssm:GetParameter", Resource: PARAMETER_ARN }],
};
const OUT_TO_25 = {
  securityGroupId: "sg-1",
  ipProtocol: "tcp",
  fromPort: 25,
  toPort: 25,
  cidrIpv4: "0.0.0.0/0",
};

/** What differs from a good host; null leaves a record out. */
export interface Deviation {
  readonly instance?: JsonObject;
  readonly automaticIp?: string;
  readonly association?: null;
  readonly policy?: JsonObject | null;
  readonly parameter?: string | null;
  readonly egress?: JsonObject | null;
  readonly group?: JsonObject;
  readonly attachedPolicy?: string;
}

/** A store with one host in it, as the AWS provider would have recorded it. */
export function openCloud(deviation: Deviation = {}): {
  store: CloudStore;
  directory: string;
  readonly close: () => void;
} {
  const directory = mkdtempSync(join(tmpdir(), "okmail-"));
  const store = CloudStore.open(directory);
  const {
    association,
    policy = ALLOW,
    parameter = KEY,
    egress = OUT_TO_25,
    group,
    attachedPolicy,
  } = deviation;
  store.transact((cloud) => {
    const insert = (type: string, id: string, inputs: JsonObject, outputs: JsonObject = {}) =>
      cloud.insert({ type, id, urn: `urn:pulumi:local::okmail::${type}::${id}`, inputs, outputs });
    insert(
      AWS_TYPES.instance,
      INSTANCE,
      {
        userData: USER_DATA,
        iamInstanceProfile: "profile",
        vpcSecurityGroupIds: ["sg-1"],
        ...deviation.instance,
      },
      {
        primaryNetworkInterfaceId: "eni-1",
        privateIp: "172.31.0.4",
        ...(deviation.automaticIp !== undefined && { automaticIp: deviation.automaticIp }),
      },
    );
    insert(AWS_TYPES.eip, "eipalloc-1", {}, { publicIp: ELASTIC_IP });
    if (association !== null) {
      const link = {
        associationId: "eipassoc-1",
        allocationId: "eipalloc-1",
        networkInterfaceId: "eni-1",
        privateIp: "172.31.0.4",
      };
      insert(AWS_TYPES.eipAssociation, "eipassoc-1", {}, { association: link });
    }
    insert(AWS_TYPES.instanceProfile, "profile", { role: "role" });
    insert(AWS_TYPES.role, "role", {});
    if (policy !== null)
      insert(AWS_TYPES.rolePolicy, "role:policy", { role: "role", policy: JSON.stringify(policy) });
    if (attachedPolicy !== undefined)
      insert(AWS_TYPES.rolePolicyAttachment, "role-1", { role: "role", policyArn: attachedPolicy });
    if (parameter !== null)
      insert(
        AWS_TYPES.parameter,
        PARAMETER,
        { name: PARAMETER, type: "SecureString", value: parameter },
        { version: 1 },
      );
    insert(AWS_TYPES.securityGroup, "sg-1", { ...group });
    if (egress !== null) insert(AWS_TYPES.securityGroupEgressRule, "sgr-1", egress);
  });
  return {
    store,
    directory,
    close: () => {
      store.close();
      rmSync(directory, { recursive: true });
    },
  };
}
