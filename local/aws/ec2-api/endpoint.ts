import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { authenticate } from "../endpoint-authentication.ts";
import { CredentialStore, type Credentials } from "../endpoint-credentials.ts";
import { AwsError } from "../endpoint-error.ts";
import type { Account } from "../account.ts";
import { ApiError } from "../api-error.ts";
import { callEc2 } from "./actions.ts";
import { readQuery } from "./query.ts";
import { answerXml, errorXml } from "./xml.ts";

/** EC2's API over HTTP, on loopback: for clients that know AWS by its SDK. */
export interface Ec2Endpoint {
  /** `http://127.0.0.1:41001` */
  readonly url: string;
  /** Credentials of the account's owner, good for an hour at least. */
  credentials(): Pick<Credentials, "accessKeyId" | "secretAccessKey" | "sessionToken">;
  close(): Promise<void>;
}

/** More than any call takes. */
const MAX_BODY = 64 * 1024;

/** Who calls: a person with the account's own role, no instance. */
const OWNER = { instanceId: "", role: "owner" } as const;

/** Starts EC2's API of a local account (EC2 API Reference: Query protocol, Signature Version 4, XML). */
export async function startEc2Endpoint(account: Account): Promise<Ec2Endpoint> {
  const credentials = new CredentialStore();
  const server = createServer((request, response) => {
    void answer(account, credentials, request).then(({ status, body }) => {
      response.writeHead(status, {
        "content-type": "text/xml;charset=UTF-8",
        "content-length": Buffer.byteLength(body),
      });
      response.end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("EC2's API has no port");
  return {
    url: `http://127.0.0.1:${bound.port}`,
    credentials: () => credentials.credentialsOf(OWNER),
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function answer(
  account: Account,
  credentials: CredentialStore,
  request: IncomingMessage,
): Promise<Answer> {
  const requestId = randomUUID();
  try {
    const form = await authenticatedBody(account, credentials, request);
    const call = readQuery(form);
    return { status: 200, body: answerXml(call.action, requestId, callEc2(account, call)) };
  } catch (error) {
    const { status, code, message } = refusalOf(error);
    return { status, body: errorXml(code, message, requestId) };
  }
}

async function authenticatedBody(
  { region }: Account,
  credentials: CredentialStore,
  request: IncomingMessage,
): Promise<string> {
  const { method = "GET", url = "/", headers } = request;
  if (method !== "POST")
    throw new AwsError("InvalidRequest", "The local cloud takes calls of EC2's API by POST only", 405);
  if (Number(headers["content-length"] ?? 0) > MAX_BODY)
    throw new AwsError("RequestEntityTooLarge", "The request is too long", 413);
  const body = await buffer(request);
  authenticate(credentials, { region, service: "ec2" }, { method, target: url, headers, body });
  return body.toString();
}

/** EC2's codes for what other services call by longer names (EC2 API Reference, "Common client errors"). */
const AUTHENTICATION: Readonly<Record<string, readonly [code: string, status: number]>> = {
  MissingAuthenticationTokenException: ["MissingAuthenticationToken", 403],
  IncompleteSignatureException: ["IncompleteSignature", 400],
  UnrecognizedClientException: ["AuthFailure", 401],
  ExpiredTokenException: ["RequestExpired", 400],
  InvalidSignatureException: ["SignatureDoesNotMatch", 403],
};

function refusalOf(error: unknown): { status: number; code: string; message: string } {
  if (error instanceof ApiError) return { status: error.statusCode, code: error.code, message: error.reason };
  if (error instanceof AwsError) {
    const [code, status] = AUTHENTICATION[error.code] ?? [error.code, error.status];
    return { status, code, message: error.message };
  }
  return { status: 500, code: "InternalError", message: String(error) };
}
