import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { replaceDurably } from "./durable-file.ts";

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";

/**
 * Encrypts what the state file must not show: the local cloud's stand-in for a KMS key.
 * A sealed text is base64 of nonce, ciphertext and tag (AES-256-GCM, NIST SP 800-38D: 96 bit nonce, 128 bit tag).
 */
export class Sealer {
  readonly #key: Buffer;

  private constructor(key: Buffer) {
    this.#key = key;
  }

  /** Takes the key from the file at `path`, readable by its owner only, and makes the file if there is none. */
  static fromFile(path: string): Sealer {
    const key = readKey(path) ?? makeKey(path);
    if (key.length !== KEY_BYTES)
      throw new Error(`${path} doesn't hold a key of ${KEY_BYTES} bytes in base64`);
    return new Sealer(key);
  }

  /** Encrypts `text`; the same text never gives the same result twice. */
  seal(text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString(
      "base64",
    );
  }

  /** The text that was sealed. Throws if `sealed` was changed or sealed under another key. */
  open(sealed: string): string {
    const bytes = Buffer.from(sealed, "base64");
    const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)),
      decipher.final(),
    ]).toString("utf8");
  }
}

function readKey(path: string): Buffer | undefined {
  try {
    return Buffer.from(readFileSync(path, "utf8"), "base64");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function makeKey(path: string): Buffer {
  const key = randomBytes(KEY_BYTES);
  replaceDurably(path, `${key.toString("base64")}\n`);
  return key;
}
