import * as pulumi from "@pulumi/pulumi";

/** A resource as the program declared it. */
export interface RecordedResource {
  readonly type: string;
  readonly name: string;
  /** Inputs as sent to the provider; what a preview can't know is `pulumi.unknown`. */
  readonly inputs: Record<string, unknown>;
  readonly options: pulumi.CustomResourceOptions;
}

export interface Recording {
  readonly resources: readonly RecordedResource[];
  /** The resource of that type and logical name; an error that lists those of the type if there is none. */
  readonly find: (type: string, name: string) => RecordedResource;
  readonly ofType: (type: string) => RecordedResource[];
}

/**
 * Declares resources against mocks that give each one the outputs the cloud would, and records what was asked for.
 * In a preview computed outputs stay unknown. Invokes that are not expected fail.
 */
export async function record(
  declare: (options: pulumi.ComponentResourceOptions) => void,
  { preview = false }: { preview?: boolean } = {},
): Promise<Recording> {
  const inputs = new Map<string, { type: string; name: string; inputs: Record<string, unknown> }>();
  const options = new Map<string, pulumi.CustomResourceOptions>();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs: given }) => {
        const properties = given as Record<string, unknown>;
        inputs.set(`${type} ${name}`, { type, name, inputs: properties });
        const computed = preview ? {} : computedOutputs(type, name, properties);
        return { id: preview ? undefined : `${name}-id`, state: { ...properties, ...computed } };
      },
      call: ({ token, inputs: asked }) => answer(token, asked as Record<string, unknown>),
    },
    "okmail",
    "test",
    preview,
  );
  declare({
    transformations: [
      ({ type, name, opts }) => {
        options.set(`${type} ${name}`, opts);
        return undefined;
      },
    ],
  });
  await pulumi.runtime.disconnect();

  const resources = [...inputs].map(([key, resource]) => ({ ...resource, options: options.get(key) ?? {} }));
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  return {
    resources,
    ofType,
    find: (type, name) => {
      const found = resources.find((resource) => resource.type === type && resource.name === name);
      if (found !== undefined) return found;
      throw new Error(
        `no ${type} ${name}; there are: ${ofType(type)
          .map((each) => each.name)
          .join(", ")}`,
      );
    },
  };
}

/** Two addresses in the order in which they are asked for would hide mix-ups: each name has its own. */
export const addresses: Readonly<Record<string, string>> = {
  "mail-okmail-address": "192.0.2.10",
  "mail-okmail2-address": "192.0.2.22",
};

const rsaPublicKey = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu1SU1LfVLPHCozMxH2Mo
4lgOEePzNm0tRgeLezV6ffAt0gunVTLw7onLRnrq0/IzW7yWR7QkrmBL7jTKEn5u
+qKhbwKfBstIs+bMY2Zkp18gnTxKLxoS2tFczGkPLPgizskuemMghRniWaoLcyeh
kd3qqGElvW/VDL5AaWTg0nLVkjRo9z+40RQzuVaE8AkAFmxZzow3x+VJYKdjykkJ
0iT9wCS0DRTXu269V264Vf/3jvredZiKRkgwlL9xNAwxXFg0x/XFw005UWVRIkdg
cKWTjpBP2dPwVZ4WWC+9aGVd+Gyn1o0CLelf4rEjGoXbAAEgAqeGUxrcIlbjXfbc
mwIDAQAB
-----END PUBLIC KEY-----
`;

/** The key of RFC 8463 A.2: as a DKIM record, p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=. */
const ed25519PublicKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
`;

/** The key that `openssl ecparam` made, and what `openssl pkey -pubin -outform DER | sha256sum` says of it. */
const ecdsaPublicKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ+O7OOsMaKHH7+OCjAyD38C0VJYc
Lw85JXm7D1NqYcXLB56rWBT0enVmQ6kitbOY5vsmKGS/FT1fNjPgbZTDOg==
-----END PUBLIC KEY-----
`;
export const ecdsaDigest = "faad45e8404ea9b56953c06b0b6d123ce8edab3fac74e1229eef2b3eed41f9d0";

const publicKeys: Readonly<Record<string, string>> = {
  ECDSA: ecdsaPublicKey,
  ED25519: ed25519PublicKey,
  RSA: rsaPublicKey,
};

function computedOutputs(
  type: string,
  name: string,
  inputs: Record<string, unknown>,
): Record<string, unknown> {
  switch (type) {
    case "aws:ec2/eip:Eip":
      return { publicIp: addresses[name], allocationId: `eipalloc-of-${name}` };
    case "aws:ssm/parameter:Parameter":
      return { arn: `arn:aws:ssm:eu-central-1:123456789012:parameter${String(inputs.name)}` };
    case "tls:index/privateKey:PrivateKey":
      return {
        publicKeyPem: publicKeys[String(inputs.algorithm)],
        privateKeyPemPkcs8: pulumi.secret("-----the private half-----"),
      };
    case "cloudflare:index/zoneDnssec:ZoneDnssec":
      return { ds: "example.com. 3600 IN DS 2371 13 2 AB" };
    case "random:index/randomPassword:RandomPassword":
      return { result: pulumi.secret(`the password of ${name}`) };
    default:
      return {};
  }
}

function answer(token: string, inputs: Record<string, unknown>): Record<string, unknown> {
  switch (token) {
    case "aws:index/getRegion:getRegion":
      return { region: "eu-central-1" };
    case "aws:ec2/getSubnets:getSubnets":
      return { ids: ["subnet-0bbbbbbb", "subnet-0aaaaaaa"] };
    case "aws:ec2/getSubnet:getSubnet":
      return { id: inputs.id, vpcId: "vpc-0aaaaaaa", availabilityZone: `zone of ${String(inputs.id)}` };
    case "aws:ec2/getInstanceType:getInstanceType":
      return {
        supportedArchitectures: String(inputs.instanceType).startsWith("t4g")
          ? ["arm64"]
          : ["i386", "x86_64"],
      };
    case "aws:ec2/getElasticIp:getElasticIp":
      return { id: inputs.id, publicIp: "198.51.100.7" };
    case "aws:ssm/getParameter:getParameter":
      return { value: `image of ${String(inputs.name)}` };
    default:
      throw new Error(`the program asked for ${token}, which no test expects`);
  }
}
