import { once } from "node:events";
import type { Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import { dnsSuffix } from "../aws/account.ts";
import type { ResourceRecord } from "../dns/record.ts";
import type { HostAccount } from "../host/guest.ts";
import type { CloudStore } from "../store.ts";
import { AWS_ADDRESS, METADATA_ADDRESS } from "./addresses.ts";
import type { Authority } from "./authority.ts";
import { CredentialStore } from "../aws/endpoint-credentials.ts";
import { awsEndpoint, type AwsFaults } from "./aws-endpoint.ts";
import type { GuestFile } from "./guest.ts";
import type { Lab } from "./lab.ts";
import { metadataServer } from "./metadata.ts";

/** What AWS's services in the lab are made of. */
export interface AwsServicesOptions {
  readonly store: CloudStore;
  readonly account: HostAccount;
  readonly authority: Authority;
}

/** The part of AWS that instances talk to: their metadata, and Systems Manager. */
export interface AwsServices {
  /** What the services do wrong on purpose. */
  readonly faults: AwsFaults;
  /** Takes Systems Manager's endpoint off the network, or puts it back: connections are refused meanwhile. */
  setReachable(reachable: boolean): Promise<void>;
  close(): Promise<void>;
}

/** The host name of Systems Manager's endpoint in a Region. */
function ssmHostname(region: string): string {
  return `ssm.${region}.${dnsSuffix(region)}`;
}

/** What the DNS has to say of the services. */
export function awsRecords(region: string): readonly ResourceRecord[] {
  return [{ name: ssmHostname(region), type: "A", ttl: 60, data: AWS_ADDRESS }];
}

/**
 * What makes a Debian instance trust the authority: Debian's python3-boto3, like all else there, takes the system's list of
 * certificates, as python3-certifi points to it.
 */
export function trustFiles({ cert }: Authority): readonly GuestFile[] {
  return [
    { path: "/etc/ssl/certs/ca-certificates.crt", content: cert, append: true },
    // Where `update-ca-certificates` would take it from.
    { path: "/usr/local/share/ca-certificates/lab.crt", content: cert },
  ];
}

/** Starts the services on the lab's router, with this process as the server. */
export async function startAwsServices(lab: Lab, options: AwsServicesOptions): Promise<AwsServices> {
  const { store, account, authority } = options;
  const credentials = new CredentialStore();
  const faults: AwsFaults = { delay: 0, unavailable: false };
  await lab.check(["ip", "address", "add", `${AWS_ADDRESS}/32`, "dev", "lo"]);

  const metadata = metadataServer({
    cloud: store,
    account,
    launched: firstSeen(),
    credentials: ({ id: instanceId }, { id: role }) => credentials.credentialsOf({ instanceId, role }),
  });
  await listen(lab, metadata, METADATA_ADDRESS, 80);
  const certificate = await authority.issue(ssmHostname(account.region));
  const startEndpoint = async () => {
    const server = awsEndpoint({ store, account, credentials, certificate, faults });
    await listen(lab, server, AWS_ADDRESS, 443);
    return server;
  };
  let endpoint: SecureServer | undefined = await startEndpoint();
  return {
    faults,
    setReachable: async (reachable) => {
      if (reachable) endpoint ??= await startEndpoint();
      else {
        await close(endpoint);
        endpoint = undefined;
      }
    },
    close: async () => {
      await close(metadata);
      await close(endpoint);
    },
  };
}

/** The store doesn't say when an instance was launched; when it was first heard of is near enough. */
function firstSeen(): (instanceId: string) => Date {
  const times = new Map<string, Date>();
  return (instanceId) => {
    const time = times.get(instanceId) ?? new Date();
    times.set(instanceId, time);
    return time;
  };
}

async function listen(lab: Lab, server: Server | SecureServer, address: string, port: number): Promise<void> {
  server.listen(await lab.listen(address, port));
  await once(server, "listening");
}

async function close(server: Server | SecureServer | undefined): Promise<void> {
  if (server === undefined) return;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
