import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { AWS_TYPES } from "../aws/types.ts";
import { isJsonObject, type CloudReader, type CloudRecord } from "../store.ts";
import { metadataOf, type MetadataContext } from "./metadata-of-instance.ts";
import { MetadataTokens } from "./metadata-token.ts";
import { readMetadata } from "./metadata-tree.ts";

/** What a metadata service is made of. */
export interface MetadataOptions {
  readonly cloud: CloudReader;
  /** When an instance was launched. */
  launched(instanceId: string): Date;
  readonly account: MetadataContext["account"];
  /** The present credentials of an instance's role. */
  credentials(instance: CloudRecord, role: CloudRecord): ReturnType<MetadataContext["credentials"]>;
}

/** Versions of the interface, as EC2 lists them. They all tell the same here, where on EC2 old ones lack new categories. */
const VERSIONS = [
  "1.0",
  "2007-01-19",
  "2007-03-01",
  "2007-08-29",
  "2007-10-10",
  "2007-12-15",
  "2008-02-01",
  "2008-09-01",
  "2009-04-04",
  "2011-01-01",
  "2011-05-01",
  "2012-01-12",
  "2014-02-25",
  "2014-11-05",
  "2015-10-20",
  "2016-04-19",
  "2016-06-30",
  "2016-09-02",
  "2018-03-28",
  "2018-08-17",
  "2018-09-24",
  "2019-10-01",
  "2020-10-27",
  "2021-01-03",
  "2021-03-23",
  "2021-07-15",
  "2022-09-24",
  "2024-04-11",
  "latest",
];

const TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER = "x-aws-ec2-metadata-token";

/** What the service says. */
interface Reply {
  readonly status: 200 | 400 | 401 | 403 | 404 | 405;
  readonly body?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The instance metadata service (EC2 User Guide, "Instance metadata and user data"), versions 1 and 2, each instance's own:
 * who asks is told by the address that the connection comes from. The caller makes the server listen.
 */
export function metadataServer(options: MetadataOptions): Server {
  const tokens = new MetadataTokens();
  const answer: RequestListener = (request, response) => {
    const { status, body, headers } = replyTo(options, tokens, request);
    const octets = Buffer.from(body ?? errorPage(status));
    response.writeHead(status, {
      server: "EC2ws",
      "content-type": body === undefined ? "text/html" : "text/plain",
      "content-length": octets.length,
      ...headers,
    });
    response.end(request.method === "HEAD" ? undefined : octets);
  };
  return createServer(answer);
}

function replyTo(options: MetadataOptions, tokens: MetadataTokens, request: IncomingMessage): Reply {
  const instance = instanceAt(options.cloud, request.socket.remoteAddress ?? "");
  if (instance === undefined) return { status: 404 };
  const access = accessOf(instance);
  if (!access.enabled) return { status: 403 };

  const [path = "/"] = (request.url ?? "/").split("?");
  if (request.method === "PUT")
    return /^\/[^/]+\/api\/token$/.test(path) ? newSession(tokens, instance, request) : { status: 405 };
  if (request.method !== "GET" && request.method !== "HEAD") return { status: 405 };

  const token = request.headers[TOKEN_HEADER];
  const remaining = typeof token === "string" ? tokens.remaining(instance.id, token) : undefined;
  // Without a token it is a request of version 1; a token that isn't good is refused whatever the version.
  if (remaining === undefined && (token !== undefined || access.tokenRequired)) return { status: 401 };
  const body = read(options, instance, path);
  if (body === undefined) return { status: 404 };
  return { status: 200, body, headers: remaining === undefined ? {} : { [TTL_HEADER]: `${remaining}` } };
}

/** A token, not for requests that a proxy has passed on (EC2 User Guide, "How IMDSv2 works"). */
function newSession(tokens: MetadataTokens, { id }: CloudRecord, { headers }: IncomingMessage): Reply {
  if (headers["x-forwarded-for"] !== undefined) return { status: 403 };
  const ttl = headers[TTL_HEADER];
  const token = typeof ttl === "string" ? tokens.issue(id, ttl) : undefined;
  return token === undefined || typeof ttl !== "string"
    ? { status: 400 }
    : { status: 200, body: token, headers: { [TTL_HEADER]: ttl } };
}

function read(options: MetadataOptions, instance: CloudRecord, path: string): Buffer | undefined {
  const [, version = "", ...rest] = path.split("/");
  if (version === "" && rest.length === 0) return Buffer.from(VERSIONS.join("\n"));
  if (!VERSIONS.includes(version)) return undefined;
  const { cloud, account } = options;
  const folder = metadataOf(cloud, instance, {
    account,
    launched: options.launched(instance.id),
    credentials: (role) => options.credentials(instance, role),
  });
  return readMetadata(folder, rest.join("/"));
}

function instanceAt(cloud: CloudReader, peer: string): CloudRecord | undefined {
  const address = peer.replace(/^::ffff:/, "");
  return cloud.list(AWS_TYPES.instance).find(({ outputs }) => outputs.privateIp === address);
}

/** EC2's defaults are those of an image that doesn't ask for IMDSv2. */
function accessOf({ inputs: { metadataOptions } }: CloudRecord): {
  enabled: boolean;
  tokenRequired: boolean;
} {
  const { httpEndpoint, httpTokens } = isJsonObject(metadataOptions) ? metadataOptions : {};
  return { enabled: httpEndpoint !== "disabled", tokenRequired: httpTokens === "required" };
}

const REASONS = {
  200: "OK",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
} as const;

/** As EC2's own. */
function errorPage(status: Reply["status"]): string {
  const title = `${status} - ${REASONS[status]}`;
  return `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
	"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
 </body>
</html>
`;
}
