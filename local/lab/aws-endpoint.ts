import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Certificate } from "../receiver/certificate.ts";
import { authenticate } from "../aws/endpoint-authentication.ts";
import type { CredentialStore } from "../aws/endpoint-credentials.ts";
import { AwsError } from "../aws/endpoint-error.ts";
import { callSsm, readInput, type SsmOptions } from "./ssm.ts";

/** What goes wrong on purpose; may be changed at any time. */
export interface AwsFaults {
  /** Milliseconds that each answer takes longer. */
  delay: number;
  /** Answers with an internal error, as AWS does when a service is disturbed. */
  unavailable: boolean;
}

/** What the endpoint is made of. */
export interface AwsEndpointOptions extends SsmOptions {
  readonly credentials: CredentialStore;
  readonly certificate: Certificate;
  readonly faults: Readonly<AwsFaults>;
}

/** What SSM's operations begin with in the header that names them. */
const TARGET = "AmazonSSM.";
/** A body is at most as long as ten names. */
const MAX_BODY = 64 * 1024;

/**
 * AWS's endpoint for Systems Manager: JSON 1.1 over HTTPS, each request signed by credentials that the metadata service gave
 * out. The caller makes the server listen.
 */
export function awsEndpoint(options: AwsEndpointOptions): Server {
  return createServer(options.certificate, (request, response) => {
    void answer(options, request).then(({ status, body }) => {
      const text = JSON.stringify(body);
      response.writeHead(status, {
        "content-type": "application/x-amz-json-1.1",
        "content-length": Buffer.byteLength(text),
        "x-amzn-requestid": randomUUID(),
      });
      response.end(text);
    });
  });
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

async function answer(options: AwsEndpointOptions, request: IncomingMessage): Promise<Answer> {
  try {
    if (options.faults.delay > 0) await sleep(options.faults.delay);
    if (options.faults.unavailable) throw new AwsError("InternalServerError", "", 500);
    return { status: 200, body: await call(options, request) };
  } catch (error) {
    const { status, code, message } =
      error instanceof AwsError ? error : new AwsError("InternalServerError", String(error), 500);
    return { status, body: { __type: code, ...(message !== "" && { message }) } };
  }
}

async function call(options: AwsEndpointOptions, request: IncomingMessage): Promise<object> {
  const { method = "GET", url = "/", headers } = request;
  const body = await bodyOf(request);
  const scope = { region: options.account.region, service: "ssm" };
  const caller = authenticate(options.credentials, scope, { method, target: url, headers, body });
  const target = headers["x-amz-target"];
  if (method !== "POST" || typeof target !== "string" || !target.startsWith(TARGET))
    throw new AwsError("UnknownOperationException", "");
  return callSsm(options, { operation: target.slice(TARGET.length), input: readInput(body), caller });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY)
    throw new AwsError("SerializationException", "", 413);
  return buffer(request);
}
