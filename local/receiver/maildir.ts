import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Puts a message into a Maildir, which is made if missing: written in `tmp`, then moved to `new`, so that nobody ever
 * finds half a message. Returns the file's path.
 */
export function deliverToMaildir(directory: string, queueId: string, message: Buffer): string {
  for (const part of ["tmp", "new", "cur"])
    mkdirSync(join(directory, part), { recursive: true, mode: 0o700 });
  const name = `${Math.floor(Date.now() / 1000)}.${queueId}.okmail`;
  const path = join(directory, "new", name);
  writeFileSync(join(directory, "tmp", name), message, { mode: 0o600 });
  renameSync(join(directory, "tmp", name), path);
  return path;
}
