import path from "node:path";
import { startEc2Endpoint, type Ec2Endpoint } from "./aws/ec2-api/endpoint.ts";
import { awsAccount, awsProvider } from "./aws/provider.ts";
import { cloudflareProvider } from "./cloudflare/provider.ts";
import { processDataPlane, type DataPlane, type DataPlaneOptions } from "./data-plane.ts";
import { debugProviders, serveProvider, type ServedProvider } from "./provider/serve.ts";
import { randomProvider } from "./random/provider.ts";
import type { Surroundings } from "./stack-file.ts";
import { CloudStore } from "./store.ts";
import { tlsProvider } from "./tls/provider.ts";

export interface LocalCloudOptions {
  /** Holds the cloud's state. */
  readonly folder: string;
  /** What exists in the cloud from the start. */
  readonly surroundings: Pick<Surroundings, "region" | "zone">;
  /**
   * The port wished for the DNS server; where it is taken another is chosen.
   *
   * @default - any free one
   */
  readonly dnsPort?: number | undefined;
  /**
   * What makes the declared cloud act.
   *
   * @default processDataPlane
   */
  readonly dataPlane?: ((options: DataPlaneOptions) => Promise<DataPlane>) | undefined;
}

/** AWS, Cloudflare and what makes them act; with the default data plane, all in this process and on loopback. */
export interface LocalCloud {
  readonly store: CloudStore;
  readonly plane: DataPlane;
  /** Where the stand-in providers listen, for `PULUMI_DEBUG_PROVIDERS`. */
  readonly providers: string;
  /** EC2's own API, as far as Elastic IPs go, over the same addresses. */
  readonly ec2: Pick<Ec2Endpoint, "url" | "credentials">;
  close(): Promise<void>;
}

const accountId = "123456789012";

/** Starts the local cloud. What was created in it earlier is there again. */
export async function openLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const { folder, dnsPort, dataPlane = processDataPlane } = options;
  const { region, zone } = options.surroundings;
  const directory = path.join(folder, "cloud");
  const store = CloudStore.open(directory);
  // In the order in which they start; ended in reverse, also when a later one fails to start.
  const running: { close(): void | Promise<void> }[] = [store];
  const close = async () => {
    for (const part of running.splice(0).reverse()) await part.close();
  };
  try {
    const zones = [zone];
    const account = { region, accountId };
    const plane = await dataPlane({
      store,
      zones,
      account,
      directory,
      ...(dnsPort !== undefined && { dnsPort }),
    });
    running.push(plane);
    const aws = { store, ...account, resolve4: (name: string) => plane.resolver.resolve4(name) };
    const ec2 = await startEc2Endpoint(awsAccount(aws));
    running.push(ec2);
    const definitions = [
      awsProvider(aws),
      cloudflareProvider({ store, zones }),
      randomProvider(),
      tlsProvider(),
    ];
    const providers: ServedProvider[] = [];
    for (const definition of definitions) {
      const served = await serveProvider(definition);
      providers.push(served);
      running.push(served);
    }
    return { store, plane, providers: debugProviders(providers), ec2, close };
  } catch (error) {
    await close();
    throw error;
  }
}
