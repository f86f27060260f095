import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** Seconds that a session may last, up to six hours (EC2 User Guide, "Use the Instance Metadata Service"). */
const TTL = { min: 1, max: 21_600 };

/** The sessions of IMDSv2. A token holds all that there is to know of a session, so nothing is kept. */
export class MetadataTokens {
  readonly #key = randomBytes(32);

  /** A token for an instance that asks for `ttl` seconds; undefined if that is no number of seconds that EC2 takes. */
  issue(instanceId: string, ttl: string, now = Date.now()): string | undefined {
    const seconds = /^\d{1,5}$/.test(ttl) ? Number(ttl) : NaN;
    if (!(seconds >= TTL.min && seconds <= TTL.max)) return undefined;
    const claim = `${now + seconds * 1000}`;
    return Buffer.concat([this.#seal(instanceId, claim), Buffer.from(claim)]).toString("base64url");
  }

  /** Seconds that a token is good for yet; undefined if it isn't, or is another instance's. */
  remaining(instanceId: string, token: string, now = Date.now()): number | undefined {
    const octets = Buffer.from(token, "base64url");
    const claim = octets.subarray(32).toString();
    const seal = this.#seal(instanceId, claim);
    if (octets.length <= 32 || !timingSafeEqual(seal, octets.subarray(0, 32))) return undefined;
    const left = Number(claim) - now;
    return left > 0 ? Math.ceil(left / 1000) : undefined;
  }

  #seal(instanceId: string, claim: string): Buffer {
    return createHmac("sha256", this.#key).update(`${instanceId} ${claim}`).digest();
  }
}
