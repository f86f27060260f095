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
  #entries: ReadonlyMap<string, Entry>;

  private constructor(file: string, entries: ReadonlyMap<string, Entry>) {
    this.#file = file;
    this.#entries = entries;
  }

  /** @throws Error if there is a file and it can't be read */
  static async open(file: string, now = Date.now()): Promise<ListedAddresses> {
    return new ListedAddresses(file, await read(file, now));
  }

  /** The zones that listed the address; undefined: it isn't remembered. */
  zonesOf(address: string): readonly string[] | undefined {
    return this.#entries.get(address)?.zones;
  }

  /** What other runs have added meanwhile, for other stacks, stays. */
  async remember(address: string, zones: readonly string[], now = Date.now()): Promise<void> {
    const entry = { address, zones: [...zones], seen: new Date(now).toISOString() };
    this.#entries = new Map([...(await read(this.#file, now)), ...this.#entries, [address, entry]]);
    await mkdir(path.dirname(this.#file), { recursive: true });
    const draft = `${this.#file}.${process.pid}.new`;
    await writeFile(draft, `${JSON.stringify([...this.#entries.values()], undefined, 2)}\n`);
    await rename(draft, this.#file);
  }
}

async function read(file: string, now: number): Promise<Map<string, Entry>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
  try {
    const entries = content.parse(JSON.parse(text)).filter(({ seen }) => now - Date.parse(seen) < keptFor);
    return new Map(entries.map((entry) => [entry.address, entry]));
  } catch (error) {
    throw new Error(`${file} is not what okmail acquire remembers; remove it`, { cause: error });
  }
}
