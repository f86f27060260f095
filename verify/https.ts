import { request } from "node:https";
import type { IncomingMessage } from "node:http";
import type { Reach } from "./endpoint.ts";

/** What a web server gave, or why it gave nothing: a clause. */
export type HttpsAnswer =
  | {
      readonly kind: "document";
      readonly status: number;
      readonly contentType: string;
      readonly text: string;
    }
  | { readonly kind: "failed"; readonly why: string };

export interface HttpsOptions {
  readonly reach: Reach;
  /** Milliseconds for the whole of it. @default 10_000 */
  readonly timeout?: number | undefined;
  /** Certification authorities to trust, in PEM. @default those that Node trusts */
  readonly authorities?: readonly string[] | undefined;
}

/** A policy is at most this long (RFC 8461 3.3 advises 64 KB). */
const longest = 65_536;
const httpsPort = 443;

/**
 * Fetches `https://HOST/PATH` from an address of the host. The certificate has to be the host's, and a redirection is not
 * followed (RFC 8461 3.3). Never rejects, and ends in time.
 */
export function fetchHttps(
  host: string,
  path: string,
  address: string,
  { reach, timeout = 10_000, authorities }: HttpsOptions,
): Promise<HttpsAnswer> {
  const endpoint = reach(address, httpsPort);
  return new Promise((resolve) => {
    const end = (answer: HttpsAnswer) => {
      clearTimeout(timer);
      resolve(answer);
      asking.destroy();
    };
    const fail = (why: string) => end({ kind: "failed", why });
    const asking = request({
      host: endpoint.address,
      port: endpoint.port,
      servername: host,
      path,
      agent: false,
      headers: { host, accept: "text/plain" },
      ...(authorities !== undefined && { ca: [...authorities] }),
    });
    const timer = setTimeout(() => fail(`gave no whole answer within ${timeout / 1000} s`), timeout);
    asking.on("error", (error: NodeJS.ErrnoException) => fail(failureOf(error)));
    asking.on("response", (response) => {
      read(response, (text) => {
        const { statusCode = 0, headers } = response;
        if (text === undefined) fail(`gave more than ${longest} octets`);
        else end({ kind: "document", status: statusCode, contentType: headers["content-type"] ?? "", text });
      });
      response.on("error", () => fail("broke off"));
      response.on("aborted", () => fail("broke off"));
    });
    asking.end();
  });
}

function read(response: IncomingMessage, done: (text: string | undefined) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > longest) done(undefined);
    else chunks.push(chunk);
  });
  response.on("end", () => done(Buffer.concat(chunks).toString("utf8")));
}

function failureOf({ code = "", message }: NodeJS.ErrnoException): string {
  const isCertificate = /CERT|SIGNATURE|ALTNAME/.test(code);
  return isCertificate
    ? `has a certificate that is not accepted (${message})`
    : `can't be reached (${code || message})`;
}
