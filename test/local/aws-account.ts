/** A local AWS account for one test, spoken to by gRPC. */
import { afterEach } from "vitest";
import { awsProvider } from "../../local/aws/provider.ts";
import type { AwsOptions } from "../../local/aws/provider.ts";
import { images } from "../../local/aws/images.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import type { Properties } from "../../local/provider/values.ts";
import { CloudStore } from "../../local/store.ts";
import { ProviderClient } from "./provider-client.ts";
import type { State } from "./provider-client.ts";
import { temporaryFolder } from "./store-folder.ts";

export const REGION = "eu-central-1";

export const TRUST_POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "ec2.amazonaws.com" } }],
});

export const ACCESS_POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "ssm:GetParameter", Resource: "*" }],
});

/** Addresses by name, or an error code that a look-up fails with. A test changes it at will. */
export type Names = Record<string, readonly string[] | string>;

/** An account, and short ways to make what tests need. */
export interface TestAccount {
  readonly client: ProviderClient;
  readonly store: CloudStore;
  readonly names: Names;
  readonly eip: (name?: string, inputs?: Properties) => Promise<State>;
  readonly host: (name?: string, inputs?: Properties) => Promise<State>;
  readonly association: (address: State, host: State, inputs?: Properties, name?: string) => Promise<State>;
  readonly ptr: (address: State, domainName: string) => Promise<State>;
  readonly role: (name?: string, inputs?: Properties) => Promise<State>;
  readonly group: (name?: string, inputs?: Properties) => Promise<State>;
}

/** Opens an account, closed after the test. */
export async function openAccount(options: Partial<AwsOptions> = {}): Promise<TestAccount> {
  const store = CloudStore.open(temporaryFolder());
  const names: Names = {};
  const resolve4 = (name: string): Promise<readonly string[]> => {
    const answer = names[name] ?? "ENOTFOUND";
    if (typeof answer !== "string") return Promise.resolve(answer);
    return Promise.reject(Object.assign(new Error(`queryA ${answer} ${name}`), { code: answer }));
  };
  const client = await ProviderClient.start(awsProvider({ store, resolve4, ...options }));
  open.push({ client, store });
  const up = (type: string, name: string, inputs: Properties): Promise<State> =>
    client.up(type, name, inputs);
  return {
    client,
    store,
    names,
    eip: (name = "address", inputs = {}) => up(AWS_TYPES.eip, name, inputs),
    host: (name = "host", inputs = {}) =>
      up(AWS_TYPES.instance, name, { ami: imageId("arm64"), instanceType: "t4g.small", ...inputs }),
    association: (address, host, inputs = {}, name = "association") =>
      up(AWS_TYPES.eipAssociation, name, { allocationId: address.id, instanceId: host.id, ...inputs }),
    ptr: (address, domainName) =>
      up(AWS_TYPES.eipDomainName, "ptr", { allocationId: address.id, domainName }),
    role: (name = "role", inputs = {}) =>
      up(AWS_TYPES.role, name, { assumeRolePolicy: TRUST_POLICY, ...inputs }),
    group: (name = "firewall", inputs = {}) => up(AWS_TYPES.securityGroup, name, inputs),
  };
}

/** The id of the Debian 13 image for an architecture. */
export function imageId(architecture: "arm64" | "x86_64"): string {
  const image = images(REGION).findLast((candidate) => candidate.architecture === architecture);
  if (image === undefined) throw new Error(`no image for ${architecture}`);
  return image.id;
}

const open: { client: ProviderClient; store: CloudStore }[] = [];

afterEach(async () => {
  for (const { client, store } of open.splice(0)) {
    await client.close();
    store.close();
  }
});
