import type { CredentialStore, IssuedCredentials } from "./endpoint-credentials.ts";
import { AwsError } from "./endpoint-error.ts";
import {
  isSignedWith,
  readAuthorization,
  type Authorization,
  type SignedRequest,
} from "./endpoint-signature.ts";

/** Where a request arrived: a signature holds for one service in one Region only. */
export interface SigningScope {
  readonly region: string;
  readonly service: string;
}

/** How far the client's clock may be off, in milliseconds. */
const CLOCK_SKEW = 5 * 60_000;

/**
 * Who has signed a request, by the credentials that were given out. Throws {@link AwsError} in AWS's words (AWS General Reference, "Common
 * errors") on anything but a good signature made within five minutes of `now`.
 */
export function authenticate(
  credentials: CredentialStore,
  { region, service }: SigningScope,
  request: SignedRequest,
  now = Date.now(),
): IssuedCredentials {
  const header = request.headers.authorization;
  if (typeof header !== "string")
    throw new AwsError("MissingAuthenticationTokenException", "Missing Authentication Token");
  const authorization = readAuthorization(header);
  if (authorization === undefined)
    throw new AwsError(
      "IncompleteSignatureException",
      "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters.",
    );
  const key = credentials.find(authorization.accessKeyId);
  if (key === undefined || key.sessionToken !== request.headers["x-amz-security-token"])
    throw new AwsError(
      "UnrecognizedClientException",
      "The security token included in the request is invalid.",
    );
  if (key.expires.getTime() <= now)
    throw new AwsError("ExpiredTokenException", "The security token included in the request is expired");
  if (authorization.region !== region || authorization.service !== service)
    throw new AwsError(
      "InvalidSignatureException",
      `Credential should be scoped to a valid region and correct service: '${service}'.`,
    );
  assertRecent(request, authorization, now);
  if (!isSignedWith(key.secretAccessKey, request, authorization))
    throw new AwsError(
      "InvalidSignatureException",
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    );
  return key;
}

function assertRecent(request: SignedRequest, { date }: Authorization, now: number): void {
  const signed = request.headers["x-amz-date"];
  const time = typeof signed === "string" ? readTimestamp(signed) : undefined;
  if (typeof signed !== "string" || time === undefined || !signed.startsWith(date))
    throw new AwsError(
      "IncompleteSignatureException",
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
    );
  const [earliest, latest] = [now - CLOCK_SKEW, now + CLOCK_SKEW];
  if (time < earliest)
    throw new AwsError(
      "InvalidSignatureException",
      `Signature expired: ${signed} is now earlier than ${timestamp(earliest)} (${timestamp(now)} - 5 min.)`,
    );
  if (time > latest)
    throw new AwsError(
      "InvalidSignatureException",
      `Signature not yet current: ${signed} is still later than ${timestamp(latest)} (${timestamp(now)} + 5 min.)`,
    );
}

/** `20260131T120000Z`, the basic form of ISO 8601. */
function timestamp(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");
}

function readTimestamp(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  return Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second);
}
