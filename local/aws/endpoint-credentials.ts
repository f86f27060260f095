import { randomBytes } from "node:crypto";

/** Temporary credentials of a role, as an instance gets them from its metadata. */
export interface Credentials {
  /** `ASIA…`, twenty letters and digits. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly issued: Date;
  readonly expires: Date;
}

/** Whose credentials they are. */
export interface Principal {
  readonly instanceId: string;
  /** Name of the role. */
  readonly role: string;
}

/** Credentials with their holder. */
export interface IssuedCredentials extends Credentials, Principal {}

const HOUR = 3_600_000;
/** EC2 gives credentials for about six hours and new ones before the old expire (EC2 User Guide, "Retrieve security credentials"). */
const LIFETIME = 6 * HOUR;
const RENEWED_BEFORE_END = HOUR;

/** The credentials that were given out; what isn't here is nobody's. */
export class CredentialStore {
  readonly #issued = new Map<string, IssuedCredentials>();

  /** The credentials of an instance in a role: the present ones as long as they are good for an hour yet. */
  credentialsOf({ instanceId, role }: Principal, now = Date.now()): Credentials {
    const present = [...this.#issued.values()].findLast(
      (each) =>
        each.instanceId === instanceId &&
        each.role === role &&
        each.expires.getTime() - now > RENEWED_BEFORE_END,
    );
    if (present !== undefined) return present;
    const fresh = {
      accessKeyId: `ASIA${keyId()}`,
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: randomBytes(192).toString("base64"),
      issued: new Date(now),
      expires: new Date(now + LIFETIME),
      instanceId,
      role,
    };
    this.#issued.set(fresh.accessKeyId, fresh);
    return fresh;
  }

  /** Whose key it is; undefined for a key that was never given out. Whether it has expired is for the caller to see. */
  find(accessKeyId: string): IssuedCredentials | undefined {
    return this.#issued.get(accessKeyId);
  }
}

/** Sixteen letters and digits as in access key ids. */
function keyId(): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return [...randomBytes(16)].map((byte) => alphabet.charAt(byte % alphabet.length)).join("");
}
