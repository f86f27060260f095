import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";

/** Milliseconds that an address stays remembered; listings end. */
const keptFor = 30 * 24 * 3_600_000;

const content = z.array(z.object({ address: z.ipv4(), zones: z.array(z.string()), seen: z.iso.datetime() }));
type Entry = z.infer<typeof content>[number];

/**
 * The addresses that were on a blocklist when they were drawn, in a file. AWS likes to give out again what was just released: such an
 * address is known at once, and is no new try.
 */
export class ListedAddresses {
  readonly #file: string;
  readonly #entries: Map<string, Entry>;

  private constructor(file: string, entries: readonly Entry[]) {
    this.#file = file;
    this.#entries = new Map(entries.map((entry) => [entry.address, entry]));
  }

  /** @throws Error if there is a file and it can't be read */
  static async open(file: string, now = Date.now()): Promise<ListedAddresses> {
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return new ListedAddresses(file, []);
      throw error;
    }
    try {
      const entries = content.parse(JSON.parse(text));
      return new ListedAddresses(
        file,
        entries.filter(({ seen }) => now - Date.parse(seen) < keptFor),
      );
    } catch (error) {
      throw new Error(`${file} is not what okmail acquire remembers; remove it`, { cause: error });
    }
  }

  /** The zones that listed the address; undefined: it isn't remembered. */
  zonesOf(address: string): readonly string[] | undefined {
    return this.#entries.get(address)?.zones;
  }

  async remember(address: string, zones: readonly string[], now = Date.now()): Promise<void> {
    this.#entries.set(address, { address, zones: [...zones], seen: new Date(now).toISOString() });
    await mkdir(path.dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.${process.pid}.new`;
    await writeFile(draft, `${JSON.stringify([...this.#entries.values()], undefined, 2)}\n`);
    await rename(draft, this.#file);
  }
}
