import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** How a page is looked at. */
export interface View {
  /** Of the window, in CSS pixels. */
  readonly width: number;
  readonly scheme: "dark" | "light";
}

/** What was seen of a page. */
export interface Seen<T> {
  /** The value of the expression, evaluated in the page. */
  readonly value: T;
  /** Console messages, exceptions, refusals of the Content-Security-Policy. */
  readonly complaints: readonly string[];
  /** Addresses that were asked for, the page's own first. */
  readonly requests: readonly string[];
  /** The whole page as a PNG. */
  readonly picture: Buffer;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A headless Chromium, spoken to by its DevTools protocol. */
export class Chromium {
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  #events: Message[] = [];
  #last = 0;

  private constructor(process: ChildProcess, socket: WebSocket) {
    this.#process = process;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(String(data)) as Message));
  }

  /** @param folder where it keeps what it needs; nobody else's */
  static async open(program: string, folder: string): Promise<Chromium> {
    // As root it has no sandbox, and the page is our own.
    const options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
    const process = spawn(
      program,
      [...options, "--remote-debugging-port=0", `--user-data-dir=${folder}`, "about:blank"],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    for await (const line of createInterface(process.stderr)) {
      const [, port] = /^DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(line) ?? [];
      if (port === undefined) continue;
      process.stderr.resume();
      return new Chromium(process, await connection(port));
    }
    throw new Error(`${program} ended before it listened`);
  }

  /** Loads `url` with scripts turned off and evaluates `expression` in it. */
  async look<T>(url: string, { width, scheme }: View, expression: string): Promise<Seen<T>> {
    this.#events = [];
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await this.#call(`${domain}.enable`);
    await this.#call("Emulation.setScriptExecutionDisabled", { value: true });
    await this.#call("Emulation.setDeviceMetricsOverride", {
      ...{ width, height: 900, deviceScaleFactor: 1, mobile: false },
    });
    await this.#call("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: scheme }],
    });
    await this.#call("Page.navigate", { url });
    while (!this.#events.some(({ method }) => method === "Page.loadEventFired"))
      await new Promise((resolve) => setTimeout(resolve, 20));
    const { result } = (await this.#call("Runtime.evaluate", { expression, returnByValue: true })) as {
      result: { value: T };
    };
    const { data } = (await this.#call("Page.captureScreenshot", { captureBeyondViewport: true })) as {
      data: string;
    };
    return {
      value: result.value,
      complaints: this.#told(/^(?:Runtime\.(?:consoleAPICalled|exceptionThrown)|Log\.entryAdded)$/).map(
        (params) => JSON.stringify(params),
      ),
      requests: this.#told(/^Network\.requestWillBeSent$/).map(
        ({ request }) => (request as { url: string }).url,
      ),
      picture: Buffer.from(data, "base64"),
    };
  }

  async close(): Promise<void> {
    const ended = once(this.#process, "close");
    this.#socket.close();
    this.#process.kill();
    await ended;
  }

  async #call(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#last;
    const { result, error } = await new Promise<Message>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  #take(message: Message): void {
    if (message.id === undefined) this.#events.push(message);
    else this.#waiting.get(message.id)?.(message);
  }

  #told(methods: RegExp): Readonly<Record<string, unknown>>[] {
    return this.#events.flatMap(({ method = "", params = {} }) => (methods.test(method) ? [params] : []));
  }
}

/** To its one page. */
async function connection(port: string): Promise<WebSocket> {
  const pages = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    type: string;
    webSocketDebuggerUrl: string;
  }[];
  const page = pages.find(({ type }) => type === "page");
  if (page === undefined) throw new Error("the browser has no page");
  const socket = new WebSocket(page.webSocketDebuggerUrl);
  await once(socket, "open");
  return socket;
}
