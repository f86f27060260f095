import grpc from "@grpc/grpc-js";
import type { handleServerStreamingCall, handleUnaryCall } from "@grpc/grpc-js";

/** Serves a call by a function of its request. What the function throws becomes the error that the user sees. */
export function answer<Request, Response>(
  respond: (request: Request) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    Promise.resolve(call.request)
      .then(respond)
      .then(
        (response) => callback(null, response),
        (error: unknown) =>
          callback({
            code: grpc.status.UNKNOWN,
            details: error instanceof Error ? error.message : String(error),
          }),
      );
  };
}

/** Refuses a call that a provider need not serve; the engine knows what to do then. */
export function unimplemented<Request, Response>(method: string): handleUnaryCall<Request, Response> {
  return (_, callback) => callback(missing(method));
}

/** The same for a call that is answered by a stream. */
export function unimplementedStream<Request, Response>(
  method: string,
): handleServerStreamingCall<Request, Response> {
  return (stream) => void stream.destroy(Object.assign(new Error(missing(method).details), missing(method)));
}

function missing(method: string): { code: number; details: string } {
  return { code: grpc.status.UNIMPLEMENTED, details: `The local cloud doesn't serve ${method}` };
}
