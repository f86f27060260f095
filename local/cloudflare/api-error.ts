/** A request to the Cloudflare API. */
export interface ApiCall {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path below the API's base, such as `/zones/ID/dns_records`. */
  readonly path: string;
}

/** One entry of the list of errors in Cloudflare's answer. */
export interface ApiFault {
  readonly code: number;
  readonly message: string;
}

/** Cloudflare's code for a record that isn't valid, where it has none of its own for the reason, or none is known. */
const DNS_VALIDATION_ERROR = 1004;

/** A refusal by Cloudflare, in the words in which the real provider shows it. */
export class CloudflareError extends Error {
  override name = "CloudflareError";
  readonly faults: readonly ApiFault[];

  constructor({ method, path }: ApiCall, status: string, faults: readonly ApiFault[]) {
    const answer = { result: null, success: false, errors: faults, messages: [] };
    super(
      `failed to make http request: ${method} "https://api.cloudflare.com/client/v4${path}": ${status} ${JSON.stringify(answer)}`,
    );
    this.faults = faults;
  }
}

/** What is wrong with a record, by Cloudflare's own code. */
export function fault(code: number, message: string): ApiFault {
  return { code, message };
}

/** What is wrong with a record, where Cloudflare's own code isn't known. */
export function validationFault(reason: string): ApiFault {
  return { code: DNS_VALIDATION_ERROR, message: `DNS Validation Error: ${reason}` };
}
