import {
  Metadata,
  status,
  type ServiceError,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerWritableStream,
} from "@grpc/grpc-js";

/** The engine's messages hold whole programs and stacks: it sets no limit either. */
export const noSizeLimit = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

/** A handler of a gRPC call from an async function. `cancelled` is aborted when the caller no longer waits. */
export function unary<Request, Response>(
  answer: (request: Request, cancelled: AbortSignal) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const cancelled = new AbortController();
    call.on("cancelled", () => {
      cancelled.abort();
    });
    run(() => answer(call.request, cancelled.signal)).then(
      (response) => callback(null, response),
      (error: unknown) => callback(asServiceError(error)),
    );
  };
}

/** The same for a call that is answered by a stream, which ends with the function. */
export function streaming<Request, Response>(
  answer: (
    request: Request,
    stream: ServerWritableStream<Request, Response>,
    cancelled: AbortSignal,
  ) => Promise<void>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const cancelled = new AbortController();
    call.on("cancelled", () => {
      cancelled.abort();
    });
    answer(call.request, call, cancelled.signal).then(
      () => call.end(),
      (error: unknown) => call.emit("error", asServiceError(error)),
    );
  };
}

/** Also an answer that throws at once is a rejection. */
async function run<T>(answer: () => T | Promise<T>): Promise<T> {
  return await answer();
}

/** The error of another call, handed on, keeps its status: the engine goes by UNIMPLEMENTED, for one. */
function asServiceError(error: unknown): ServiceError {
  if (error instanceof Error && "code" in error && "metadata" in error) return error as ServiceError;
  const details = error instanceof Error ? error.message : String(error);
  return Object.assign(new Error(details), { code: status.UNKNOWN, details, metadata: new Metadata() });
}
