/** A refusal as AWS words it: a code that clients tell errors apart by, and a message for people. */
export class AwsError extends Error {
  override name = "AwsError";
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
