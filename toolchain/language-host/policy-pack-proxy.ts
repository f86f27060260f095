import { Client, credentials, Server, ServerCredentials, type MethodDefinition } from "@grpc/grpc-js";
import analyzerService from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import protocol from "@pulumi/pulumi/proto/analyzer_pb.js";
import { noSizeLimit, unary } from "./handlers.ts";

type StackConfiguration = protocol.AnalyzerStackConfigureRequest;

/** A message without any field. */
const emptyMessage = Buffer.alloc(0);

/**
 * Serves the engine's protocol `Analyzer` in the name of a policy pack that has not started yet. It answers the first
 * calls itself, keeps the later ones waiting until the pack is there, and hands them on byte for byte.
 */
export class PolicyPackProxy implements Disposable {
  readonly #server = new Server(noSizeLimit);
  readonly #configuration = Promise.withResolvers<StackConfiguration | undefined>();
  readonly #pack = Promise.withResolvers<Client>();
  #configureRequest: Buffer = emptyMessage;
  #port = 0;

  private constructor() {
    // Whoever waits for these handles their failure; that nobody does is no failure of the host.
    this.#configuration.promise.catch(ignore);
    this.#pack.promise.catch(ignore);

    const methods = Object.entries(analyzerService.AnalyzerService).map(
      ([name, method]) => [name, asRaw(method as MethodDefinition<unknown, unknown>)] as const,
    );
    const forward = (path: string) =>
      unary((request: Buffer, cancelled) => {
        // Where there is no stack (`policy publish`, `policy analyze`), the first call is another one.
        this.#configuration.resolve(undefined);
        return this.#forward(path, request, cancelled);
      });
    this.#server.addService(Object.fromEntries(methods), {
      ...Object.fromEntries(methods.map(([name, { path }]) => [name, forward(path)])),
      handshake: unary(() => emptyMessage),
      configureStack: unary((request: Buffer) => {
        this.#configureRequest = request;
        this.#configuration.resolve(protocol.AnalyzerStackConfigureRequest.deserializeBinary(request));
        return emptyMessage;
      }),
    });
  }

  static async serve(): Promise<PolicyPackProxy> {
    const proxy = new PolicyPackProxy();
    proxy.#port = await new Promise<number>((resolve, reject) => {
      proxy.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(error);
        else resolve(port);
      });
    });
    return proxy;
  }

  /** Where it serves, on 127.0.0.1. */
  get port(): number {
    return this.#port;
  }

  /** The stack that the pack is to judge, as soon as the engine has told it; undefined if there is none. */
  get configuration(): Promise<StackConfiguration | undefined> {
    return this.#configuration.promise;
  }

  /** The pack serves on `port`: tells it its stack, then lets the waiting calls through. */
  async attach(port: number): Promise<void> {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), noSizeLimit);
    if (this.#configureRequest.length > 0) {
      await call(client, "/pulumirpc.Analyzer/ConfigureStack", this.#configureRequest);
    }
    this.#pack.resolve(client);
  }

  /** There is no pack, or no longer: the waiting calls fail. */
  fail(reason: Error): void {
    this.#configuration.reject(reason);
    this.#pack.reject(reason);
  }

  /** Takes no more calls; those that were answered last still get their answers out. */
  [Symbol.dispose](): void {
    this.#server.tryShutdown(ignore);
    setTimeout(() => {
      this.#server.forceShutdown();
    }, 1_000).unref();
    this.#pack.promise.then((client) => client.close(), ignore);
  }

  async #forward(path: string, request: Buffer, cancelled: AbortSignal): Promise<Buffer> {
    return call(await this.#pack.promise, path, request, cancelled);
  }
}

function call(client: Client, path: string, request: Buffer, cancelled?: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const sent = client.makeUnaryRequest(path, same, same, request, (error, response) => {
      if (error) reject(error);
      else resolve(response ?? emptyMessage);
    });
    cancelled?.addEventListener("abort", () => {
      sent.cancel();
    });
  });
}

/** A method of the protocol whose messages stay bytes. */
function asRaw(method: MethodDefinition<unknown, unknown>): MethodDefinition<Buffer, Buffer> {
  return {
    ...method,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

function same(bytes: Buffer): Buffer {
  return bytes;
}

function ignore(): void {
  return;
}
