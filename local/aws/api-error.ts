/** Services whose SDK has an exception type for each error: their messages name it without "api error". */
const MODELLED_SERVICES: readonly string[] = ["IAM", "SSM"];

/** A call of the AWS API. */
export interface ApiCall {
  readonly service: "EC2" | "IAM" | "SSM";
  /** Name of the operation, such as `AllocateAddress`. */
  readonly operation: string;
}

/** A refusal by AWS, in the words of the AWS SDK that the real provider shows. */
export class ApiError extends Error {
  override name = "ApiError";
  /** AWS's code, such as `AddressLimitExceeded`. */
  readonly code: string;
  /** What AWS itself says, without the SDK's words. */
  readonly reason: string;
  readonly statusCode: number;

  constructor(call: ApiCall, code: string, message: string, statusCode = 400) {
    const kind = MODELLED_SERVICES.includes(call.service) ? "" : "api error ";
    super(
      `operation error ${call.service}: ${call.operation}, https response error StatusCode: ${statusCode}, ` +
        `RequestID: local-cloud, ${kind}${code}: ${message}`,
    );
    this.code = code;
    this.reason = message;
    this.statusCode = statusCode;
  }
}
