import { describe, expect, test } from "vitest";
import { authenticate } from "../../local/aws/endpoint-authentication.ts";
import { CredentialStore } from "../../local/aws/endpoint-credentials.ts";
import { isSignedWith, readAuthorization, type SignedRequest } from "../../local/aws/endpoint-signature.ts";

/** The credentials and the time of AWS's own test suite for Signature Version 4. */
const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const SCOPE = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
const HEADERS = { host: "example.amazonaws.com", "x-amz-date": "20150830T123600Z" };

interface Vector {
  readonly name: string;
  readonly request: Partial<SignedRequest>;
  readonly signedHeaders?: string;
  readonly signature: string;
}

const VECTORS: readonly Vector[] = [
  {
    name: "get-vanilla",
    request: {},
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  },
  {
    name: "post-vanilla",
    request: { method: "POST" },
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  },
  {
    name: "get-vanilla-query-order-key-case",
    request: { target: "/?Param2=value2&Param1=value1" },
    signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  },
  {
    name: "post-x-www-form-urlencoded",
    request: {
      method: "POST",
      headers: { ...HEADERS, "content-type": "application/x-www-form-urlencoded" },
      body: Buffer.from("Param1=value1"),
    },
    signedHeaders: "content-type;host;x-amz-date",
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  },
];

function signedRequest({ request }: Vector): SignedRequest {
  return { method: "GET", target: "/", headers: HEADERS, body: Buffer.alloc(0), ...request };
}

function authorizationOf({ signedHeaders = "host;x-amz-date", signature }: Vector) {
  const header = `AWS4-HMAC-SHA256 Credential=${SCOPE}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  const authorization = readAuthorization(header);
  if (authorization === undefined) throw new Error("no authorization");
  return authorization;
}

describe("Signature Version 4", () => {
  test.each(VECTORS)("is recognised: $name of AWS's test suite", (vector) => {
    expect(isSignedWith(SECRET, signedRequest(vector), authorizationOf(vector))).toBe(true);
  });

  test.each(VECTORS)("breaks with any change: $name", (vector) => {
    const request = signedRequest(vector);
    const authorization = authorizationOf(vector);
    const changed: readonly SignedRequest[] = [
      { ...request, method: "PUT" },
      { ...request, target: "/other" },
      { ...request, target: "/?x=1" },
      { ...request, body: Buffer.from("x") },
      { ...request, headers: { ...request.headers, host: "example.org" } },
      { ...request, headers: { ...request.headers, "x-amz-date": "20150830T123601Z" } },
    ];

    expect(changed.map((other) => isSignedWith(SECRET, other, authorization))).toEqual(
      changed.map(() => false),
    );
    expect(isSignedWith(`${SECRET}x`, request, authorization)).toBe(false);
    expect(isSignedWith(SECRET, request, { ...authorization, signature: "" })).toBe(false);
    expect(isSignedWith(SECRET, request, { ...authorization, signedHeaders: ["x-amz-date"] })).toBe(false);
  });

  test.each([
    "Basic dXNlcjpwYXNz",
    "AWS4-HMAC-SHA256 Credential=AKID/20150830/us-east-1/service, SignedHeaders=host, Signature=00",
    `AWS4-HMAC-SHA256 Credential=${SCOPE}, Signature=00`,
  ])("isn't read from %s", (header) => expect(readAuthorization(header)).toBeUndefined());
});

describe("who has signed a request", () => {
  const now = Date.UTC(2026, 10, 24, 12);
  const credentials = new CredentialStore();
  const key = credentials.credentialsOf({ instanceId: "i-1", role: "role" }, now);
  const scope = { region: "eu-central-1", service: "ssm" };
  const request = (headers: SignedRequest["headers"]): SignedRequest => ({
    method: "POST",
    target: "/",
    body: Buffer.alloc(0),
    headers: {
      host: "ssm.eu-central-1.amazonaws.com",
      "x-amz-date": "20261124T120000Z",
      "x-amz-security-token": key.sessionToken,
      authorization: `AWS4-HMAC-SHA256 Credential=${key.accessKeyId}/20261124/eu-central-1/ssm/aws4_request, SignedHeaders=host;x-amz-date, Signature=00`,
      ...headers,
    },
  });

  test.each<{ what: string; headers: SignedRequest["headers"]; at?: number; code: string; message?: RegExp }>(
    [
      { what: "nobody", headers: { authorization: undefined }, code: "MissingAuthenticationTokenException" },
      { what: "something else", headers: { authorization: "Basic x" }, code: "IncompleteSignatureException" },
      {
        what: "a key that nobody has",
        headers: { authorization: request({}).headers.authorization?.toString().replace("ASIA", "AKIA") },
        code: "UnrecognizedClientException",
      },
      {
        what: "another token",
        headers: { "x-amz-security-token": "x" },
        code: "UnrecognizedClientException",
      },
      { what: "a key that has expired", headers: {}, at: now + 7 * 3_600_000, code: "ExpiredTokenException" },
      {
        what: "a clock that is slow",
        headers: {},
        at: now + 301_000,
        code: "InvalidSignatureException",
        message:
          /^Signature expired: 20261124T120000Z is now earlier than 20261124T120001Z \(20261124T120501Z - 5 min\.\)$/,
      },
      {
        what: "a clock that is fast",
        headers: {},
        at: now - 301_000,
        code: "InvalidSignatureException",
        message: /^Signature not yet current/,
      },
      {
        what: "another key's owner",
        headers: {},
        code: "InvalidSignatureException",
        message: /^The request signature we calculated does not match/,
      },
      {
        what: "another Region",
        headers: {
          authorization: request({}).headers.authorization?.toString().replace("eu-central-1", "us-east-1"),
        },
        code: "InvalidSignatureException",
        message: /^Credential should be scoped to a valid region/,
      },
    ],
  )("isn't $what", ({ headers, at = now, code, message = /^/ }) => {
    expect(() => authenticate(credentials, scope, request(headers), at)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as unknown }),
    );
  });

  test("keeps its credentials as long as they are good for an hour yet", () => {
    const holder = { instanceId: "i-1", role: "role" };

    expect(credentials.credentialsOf(holder, now + 4.9 * 3_600_000)).toBe(key);
    expect(credentials.credentialsOf(holder, now + 5.1 * 3_600_000)).not.toBe(key);
    expect(credentials.credentialsOf({ ...holder, instanceId: "i-2" }, now)).not.toBe(key);
    expect(credentials.find(key.accessKeyId)).toBe(key);
  });
});
