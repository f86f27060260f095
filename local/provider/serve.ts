import grpc from "@grpc/grpc-js";
import providers from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type { ProviderDefinition } from "./definition.ts";
import { providerService } from "./service.ts";

/** A provider that answers on a port of the loopback interface. */
export interface ServedProvider {
  readonly name: string;
  readonly port: number;
  /** Ends it; calls under way are cut off. */
  close(): Promise<void>;
}

/** gRPC's own limit of 4 MB is little for a program's inputs; this is what the SDK and the engine use. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/** Serves a provider on a free port of 127.0.0.1, for the engine to attach to. */
export async function serveProvider(definition: ProviderDefinition): Promise<ServedProvider> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(providers.ResourceProviderService, providerService(definition));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    name: definition.name,
    port,
    close: () =>
      new Promise((resolve) => {
        server.forceShutdown();
        resolve();
      }),
  };
}

/** The value of PULUMI_DEBUG_PROVIDERS that makes the engine use these providers: `aws:4711,tls:4712`. */
export function debugProviders(providers: readonly ServedProvider[]): string {
  return providers.map(({ name, port }) => `${name}:${port}`).join(",");
}
