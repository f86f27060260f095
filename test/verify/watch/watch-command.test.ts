// `okmail watch`: real DNS on loopback, a real SMTP server, SNS by moto server over HTTP.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer as createTcpServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { CreateTopicCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { SMTPServer } from "smtp-server";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { projectFolder } from "../../../local/stack.ts";
import { runCommand, startCommand, type RunningCommand } from "../../../toolchain/command.ts";
import type { News } from "../../../verify/watch/news.ts";
import type { WatchState } from "../../../verify/watch/state.ts";
import { watchCommand } from "../../../verify/watch/watch-command.ts";
import { freePort } from "../../helpers/free-port.ts";
import { authentic, certificate, goodRecords, startDns, World, zonesOf, type Records } from "../world.ts";

const hasMoto = spawnSync("moto_server", ["--help"]).status === 0;
if (!hasMoto) console.warn("SKIPPED: okmail watch is not tested against SNS; install moto[server] of PyPI.");

const world = new World();
const program = path.join(projectFolder, "verify", "okmail.ts");
const timeout = 180_000;

const noPtr: Records = { "10.2.0.192.in-addr.arpa PTR": undefined };

let folder: string;
let state: string;
let records: Records;
let isSilent: boolean;
let resolver: string;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "okmail-watch-"));
  state = path.join(folder, "state.json");
  [records, isSilent] = [{}, false];
  const zones = () => zonesOf({ ...goodRecords, ...records });
  const dns = world.own(
    await startDns(zones, (reply, { type }) => (isSilent && type === "PTR" ? undefined : authentic(reply))),
  );
  resolver = `${dns.address}:${dns.port}`;
});
afterEach(async () => {
  await world.close();
  rmSync(folder, { recursive: true });
});

/** Runs the command in this process, which is much faster than one of its own each time. */
async function watch(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const sender = ["--domain", "example.com", "--address", "192.0.2.10", "--helo", "okmail.example.com"];
  const asking = ["--selector", "s1", "--resolver", resolver, "--connect-to", `203.0.113.53:53=${resolver}`];
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      written[name] += String(chunk);
      return true;
    }),
  );
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  try {
    const code = await watchCommand([
      ...[...sender, ...asking, "--dns-only", "--no-blocklists", "--state", state],
      ...args,
    ]);
    return { code, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
    vi.unstubAllEnvs();
  }
}

const remembered = () => JSON.parse(readFileSync(state, "utf8")) as WatchState;

describe("okmail watch", { timeout }, () => {
  test("explains itself, and names what is wrong with the command line", async () => {
    const help = await runCommand(process.execPath, [program, "watch", "--help"], {});
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining("--sns-topic ARN")]);
    const wrong = await runCommand(process.execPath, [program, "watch", "--stack", "prod"], {});
    expect([wrong.code, wrong.stderr]).toEqual([64, expect.stringContaining("--state is missing")]);
  });

  test("says nothing while nothing changes, tells a change once, and that all is well again", async () => {
    expect(await watch()).toEqual({ code: 0, stdout: "", stderr: "" });
    records = noPtr;
    const wrong = await watch();
    expect([wrong.code, wrong.stderr]).toEqual([1, ""]);
    expect(wrong.stdout).toContain("| ✗ is wrong | `ptr-matches-helo` | okmail.example.com, 192.0.2.10 |");
    expect(await watch()).toEqual({ code: 0, stdout: "", stderr: "" });
    records = {};
    const well = await watch();
    expect([well.code, well.stdout]).toEqual([
      3,
      expect.stringContaining("| ✓ is well again | `ptr-matches-helo`"),
    ]);
    expect(await watch()).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("takes a name server that is silent twice for no change, and tells it the third time", async () => {
    await watch();
    isSilent = true;
    expect((await watch()).code).toBe(0);
    expect((await watch()).code).toBe(0);
    const { code, stdout } = await watch(["--json"]);
    const { changes, verdict } = JSON.parse(stdout) as News;
    expect([code, verdict]).toEqual([2, "unclear"]);
    expect(changes.map(({ kind, now }) => [kind, now?.rule, now?.outcome])).toContainEqual([
      "new",
      "ptr-matches-helo",
      "undetermined",
    ]);
  });

  test("writes JSON, Markdown and metrics also where nothing has changed", async () => {
    const [metrics, markdown] = [path.join(folder, "okmail.prom"), path.join(folder, "watch.md")];
    const { code, stdout } = await watch(["--json", "--metrics", metrics, "--markdown", markdown]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      domain: "example.com",
      verdict: "good",
      changes: [],
    });
    expect(readFileSync(markdown, "utf8")).toMatch(/^\*\*example\.com: nothing has changed; /);
    expect(readFileSync(metrics, "utf8")).toMatch(
      /^okmail_verify_findings\{domain="example.com",standing="good"\} \d\d$/m,
    );
  });

  test("leaves a state file that it can't use as it is, and asks nobody", async () => {
    writeFileSync(state, "precious");
    const { code, stderr } = await watch();
    expect([code, stderr]).toEqual([
      64,
      expect.stringContaining(`--state ${state} is no JSON. It was left as it is`),
    ]);
    expect(readFileSync(state, "utf8")).toBe("precious");
  });
});

describe("by mail", { timeout }, () => {
  let messages: string[];
  let refusal: string | undefined;
  let server: SMTPServer;
  let smtp: string;

  beforeEach(async () => {
    [messages, refusal] = [[], undefined];
    server = new SMTPServer({
      ...certificate,
      authOptional: true,
      // It would take a password in clear.
      allowInsecureAuth: true,
      disableReverseLookup: true,
      closeTimeout: 50,
      onAuth: ({ username, password }, _, done) =>
        username === "ops" && password === "hunter2"
          ? done(null, { user: username })
          : done(new Error("wrong")),
      onRcptTo: (_, __, done) =>
        refusal === undefined ? done() : done(Object.assign(new Error(refusal), { responseCode: 450 })),
      onData: (stream, { envelope }, done) => {
        const to = envelope.rcptTo.map(({ address }) => address).join();
        const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
        text(stream).then(
          (content) => {
            messages.push(`${from} > ${to}\n${content}`);
            done();
          },
          (error: unknown) => done(error as Error),
        );
      },
    });
    server.on("error", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server.server, "listening");
    world.own({ close: () => server.close() });
    smtp = `127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  });

  const byMail = (...args: string[]) =>
    watch(["--mail", "ops@example.net", "--smtp", `smtp://${smtp}`, ...args], untrusted);
  /** The server's certificate is its own. */
  const untrusted = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };

  test("tells each change once", async () => {
    expect((await byMail()).code).toBe(0);
    records = noPtr;
    expect((await byMail()).code).toBe(1);
    expect((await byMail()).code).toBe(0);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/^postmaster@example\.com > ops@example\.net\n/);
    expect(messages[0]).toContain("Subject: okmail: example.com: 1 new; ");
    expect(messages[0]).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    expect(messages[0]).toContain("ptr-matches-helo (okmail.example.com, 192.0.2.10) is wrong.");
  });

  test("tells later what it could not tell, and meanwhile the metrics know", async () => {
    await byMail();
    const before = readFileSync(state, "utf8");
    [records, refusal] = [noPtr, "Try again later"];
    const metrics = path.join(folder, "okmail.prom");
    const failed = await byMail("--metrics", metrics);
    expect([failed.code, failed.stderr]).toEqual([
      69,
      expect.stringMatching(
        /mail to ops@example\.net by 127\.0\.0\.1:\d+ failed: .*450 Try again later.* The next run tells it\.\n$/s,
      ),
    ]);
    expect(readFileSync(state, "utf8")).toBe(before);
    expect(readFileSync(metrics, "utf8")).toContain('rule="ptr-matches-helo"');
    refusal = undefined;
    expect((await byMail()).code).toBe(1);
    expect((await byMail()).code).toBe(0);
    expect(messages).toHaveLength(1);
  });

  test("tells at the first run what is wrong; a server that isn't there loses nothing", async () => {
    records = noPtr;
    const nowhere = await watch([
      "--mail",
      "ops@example.net",
      "--smtp",
      `smtp://127.0.0.1:${await freePort()}`,
    ]);
    expect([nowhere.code, nowhere.stderr]).toEqual([69, expect.stringContaining("ECONNREFUSED")]);
    expect((await byMail("--mail-from", "okmail@example.net")).code).toBe(1);
    expect(messages[0]).toMatch(/^okmail@example\.net > ops@example\.net\n/);
    expect(remembered().findings.some(({ finding }) => finding.rule === "ptr-matches-helo")).toBe(true);
  });

  test("logs in under TLS, and never without", async () => {
    records = noPtr;
    const login = { ...untrusted, OKMAIL_SMTP_PASSWORD: "hunter2" };
    const args = ["--mail", "ops@example.net", "--smtp", `smtp://ops@${smtp}`];
    expect((await watch(args, login)).code).toBe(1);
    expect(messages).toHaveLength(1);

    // Between the two, somebody takes the offer of STARTTLS out.
    const stripped = createTcpServer((client) => {
      const upstream = connect((server.server.address() as AddressInfo).port, "127.0.0.1");
      client.pipe(upstream);
      upstream.on("data", (data) =>
        client.write(data.toString().replace("250-STARTTLS\r\n", "").replace("250 STARTTLS", "250 HELP")),
      );
      for (const socket of [client, upstream])
        socket.on("error", () => undefined).on("close", () => client.destroy());
    });
    stripped.listen(0, "127.0.0.1");
    await once(stripped, "listening");
    world.own({ close: () => stripped.close() });
    records = {};
    const open = `smtp://ops@127.0.0.1:${(stripped.address() as AddressInfo).port}`;
    const { code, stderr } = await watch(["--mail", "ops@example.net", "--smtp", open], login);
    expect([code, messages.length]).toEqual([69, 1]);
    expect(stderr).not.toContain("hunter2");
  });
});

describe.skipIf(!hasMoto)("to an SNS topic", { timeout }, () => {
  let moto: RunningCommand;
  let env: Readonly<Record<string, string>>;
  let topic: string;
  /** What subscribers get. */
  let published: { readonly TopicArn: string; readonly Subject: string; readonly Message: string }[];
  let subscriber: ReturnType<typeof createServer>;

  beforeAll(async () => {
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    moto = startCommand("moto_server", ["-H", "127.0.0.1", "-p", String(port)], { keepOutput: false });
    await vi.waitFor(async () => expect((await fetch(`${endpoint}/moto-api/`)).status).toBe(200), {
      timeout: 30_000,
      interval: 200,
    });
    env = { AWS_ENDPOINT_URL_SNS: endpoint, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
    subscriber = createServer((request, response) => {
      void text(request).then((body) => {
        published.push(JSON.parse(body) as (typeof published)[number]);
        response.end();
      });
    });
    subscriber.listen(0, "127.0.0.1");
    await once(subscriber, "listening");
    const sns = new SNSClient({
      endpoint,
      region: "eu-central-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
    });
    ({ TopicArn: topic = "" } = await sns.send(new CreateTopicCommand({ Name: "okmail" })));
    const url = `http://127.0.0.1:${(subscriber.address() as AddressInfo).port}/`;
    await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: "http", Endpoint: url }));
    sns.destroy();
  }, timeout);
  beforeEach(() => {
    published = [];
  });
  afterAll(async () => {
    subscriber.close();
    moto.kill("SIGKILL");
    await moto.ended;
  });

  test("tells each change once", async () => {
    expect((await watch(["--sns-topic", topic], env)).code).toBe(0);
    records = noPtr;
    expect((await watch(["--sns-topic", topic], env)).code).toBe(1);
    expect((await watch(["--sns-topic", topic], env)).code).toBe(0);
    expect(published).toHaveLength(1);
    expect(published[0]).toMatchObject({
      TopicArn: topic,
      Subject: expect.stringMatching(/^okmail: example\.com: 1 new; /) as string,
      Message: expect.stringContaining(
        "ptr-matches-helo (okmail.example.com, 192.0.2.10) is wrong.",
      ) as string,
    });
  });

  test("that isn't there: the next run tells it", async () => {
    records = noPtr;
    const { code, stderr } = await watch(["--sns-topic", `${topic}-gone`], env);
    expect([code, published]).toEqual([69, []]);
    expect(stderr).toMatch(
      /^sns:Publish to arn:aws:sns:eu-central-1:\d+:okmail-gone failed: NotFound.*The next run tells it\.\n$/s,
    );
    expect((await watch(["--sns-topic", topic], env)).code).toBe(1);
    expect(published).toHaveLength(1);
  });
});
