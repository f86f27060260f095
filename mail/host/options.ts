import type { PostfixOptions } from "../postfix.ts";

/** What a host has to know to send the domain's mail. */
export interface HostOptions extends PostfixOptions {
  /** The AWS region the host is in, "eu-central-1". */
  readonly region: string;
  /** Every key that signs: the RSA key first, optionally an Ed25519 key for receivers that know it (RFC 8463). */
  readonly dkim: readonly DkimSigningKey[];
  /**
   * Who may send through the host on ports 587 and 465.
   * @default - nothing listens there
   */
  readonly submission?: SubmissionOptions | undefined;
  /** Where the certificate for SMTP comes from. */
  readonly tls: TlsOptions;
  /**
   * The program that tells of changes.
   * @default - nobody is told
   */
  readonly watch?: WatchOptions | undefined;
}

/** A DKIM key that the host signs with. */
export interface DkimSigningKey {
  readonly selector: string;
  /** The SSM SecureString parameter that holds the private half in PEM. */
  readonly parameterName: string;
  /** a= of its signatures (RFC 6376 3.3, RFC 8463 3). */
  readonly algorithm: "rsa-sha256" | "ed25519-sha256";
}

/** Submission by the domain's applications (RFC 6409). */
export interface SubmissionOptions {
  readonly users: readonly SubmissionUser[];
  /** Most messages that one user sends in an hour. */
  readonly messagesPerHour: number;
}

export interface SubmissionUser {
  readonly name: string;
  /** The SSM SecureString parameter that holds the password. */
  readonly parameterName: string;
}

export interface WatchOptions {
  /** The SSM parameter that holds the program, see `watchProgram`. */
  readonly parameterName: string;
  /** SHA-256 of its value, as hexadecimal digits. */
  readonly digest: string;
}

export interface TlsOptions {
  /**
   * The certificate authority, whose challenge comes to port 80 (HTTP-01, RFC 8555 8.3).
   * @default - none: the host makes its certificate itself
   */
  readonly acme?: AcmeOptions | undefined;
  /**
   * The SSM SecureString parameter that holds the private key of all certificates in PEM, where TLSA records tell of it.
   * @default - none: who makes the certificate makes its key
   */
  readonly keyParameterName?: string | undefined;
}

export interface AcmeOptions {
  /** The URL of the authority's directory (RFC 8555 7.1.1). */
  readonly directory: string;
  /**
   * Whom the authority may write to.
   * @default - nobody
   */
  readonly email?: string | undefined;
}
