import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** A request as it came, in so far as it is signed. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly target: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** What the Authorization header says (AWS Signature Version 4). */
export interface Authorization {
  readonly accessKeyId: string;
  /** Such as `20260131/eu-central-1/ssm/aws4_request`. */
  readonly scope: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** Reads an Authorization header; undefined if it is no whole one of Signature Version 4. */
export function readAuthorization(header: string): Authorization | undefined {
  if (!header.startsWith(`${ALGORITHM} `)) return undefined;
  const fields = new Map(
    header
      .slice(ALGORITHM.length)
      .split(",")
      .map((field) => {
        const [name = "", ...value] = field.trim().split("=");
        return [name, value.join("=")];
      }),
  );
  const [accessKeyId, ...scope] = (fields.get("Credential") ?? "").split("/");
  const [date, region, service, terminator] = scope;
  const signature = fields.get("Signature");
  const signedHeaders = fields.get("SignedHeaders")?.split(";");
  if (
    accessKeyId === undefined ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    terminator !== "aws4_request" ||
    signature === undefined ||
    signedHeaders === undefined
  )
    return undefined;
  return { accessKeyId, scope: scope.join("/"), date, region, service, signedHeaders, signature };
}

/**
 * Whether the signature was made with the secret key (AWS General Reference, "Create a signed AWS API request"). The host
 * must be signed, as must be when the request was made; that is for the caller to compare with the clock.
 */
export function isSignedWith(
  secretAccessKey: string,
  request: SignedRequest,
  authorization: Authorization,
): boolean {
  const { signedHeaders, scope, date, region, service, signature } = authorization;
  if (!signedHeaders.includes("host") || !signedHeaders.includes("x-amz-date")) return false;
  const toSign = [
    ALGORITHM,
    headerValue(request, "x-amz-date"),
    scope,
    sha256(canonicalRequest(request, signedHeaders)),
  ].join("\n");
  const steps = [date, region, service, "aws4_request", toSign];
  const expected = steps.reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`));
  const given = Buffer.from(signature, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function canonicalRequest(request: SignedRequest, signedHeaders: readonly string[]): string {
  const [path = "/", query = ""] = request.target.split("?");
  return [
    request.method,
    // What stands in the request line is encoded once; all services but S3 sign it encoded twice.
    path.split("/").map(encode).join("/"),
    canonicalQuery(query),
    ...signedHeaders.map((name) => `${name}:${headerValue(request, name)}`),
    "",
    signedHeaders.join(";"),
    sha256(request.body),
  ].join("\n");
}

function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");
}

function headerValue({ headers }: SignedRequest, name: string): string {
  return [headers[name] ?? ""].flat().join(",").trim().replace(/ +/g, " ");
}

/** All but the unreserved characters as %XX (RFC 3986 section 2.3). */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}
