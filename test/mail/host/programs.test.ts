import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { once } from "node:events";
import { spawn } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { cloudConfig } from "../../../mail/cloud-config.ts";
import { program } from "../../../mail/host/programs.ts";
import { complete } from "./options.ts";
import { HostFolder, python } from "./python.ts";

const source = join(import.meta.dirname, "../../../mail/host/okmail");

/** Prints the programs' syntax trees without docstrings, of two texts in JSON. */
const compare = `
import ast, json, sys
def tree(text):
    module = ast.parse(text)
    for node in ast.walk(module):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(module)
print(*(tree(text) == tree(sent) for text, sent in json.load(sys.stdin)))
`;

describe.skipIf(python === "")("the program okmail", { timeout: 60_000 }, () => {
  test("comes to the host as the repository has it, less comments", () => {
    const { write_files: files } = parse(cloudConfig(complete), { version: "1.1" }) as {
      write_files: { path: string; content: string }[];
    };
    const pairs = program.map(({ path }) => [
      readFileSync(join(source, basename(path)), "utf8"),
      files.find((file) => file.path === path)?.content ?? "",
    ]);
    const { stdout, stderr } = spawnSync(python, ["-c", compare], {
      input: JSON.stringify(pairs),
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(stdout.trim().split(" ")).toEqual(pairs.map(() => "True"));
    for (const [, sent] of pairs) expect(sent).not.toMatch(/^ *#|^$(?!\n*$)|^ +"""/m);
  });

  test("says how it is used, and refuses what it doesn't know", () => {
    using host = new HostFolder();
    for (const words of [[], ["unknown"], ["status", "--xml"], ["status", "--json", "more"]]) {
      const { status, stderr } = spawnSync(python, [host.path("/program"), ...words], { encoding: "utf8" });
      expect(status).toBe(1);
      expect(stderr).toMatch(/^Usage: okmail status \[--json\]\n/);
    }
  });
});

describe.skipIf(python === "")("the instance metadata", { timeout: 60_000 }, () => {
  let host: HostFolder;
  let server: ReturnType<typeof createServer>;
  let url: string;
  const asked: string[] = [];

  beforeEach(async () => {
    host = new HostFolder();
    asked.length = 0;
    server = createServer((request, response) => {
      asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
      const token = request.headers["x-aws-ec2-metadata-token"];
      if (request.method === "PUT" && request.headers["x-aws-ec2-metadata-token-ttl-seconds"] !== undefined)
        response.end("secret");
      else if (token !== "secret") response.writeHead(401).end();
      else if (request.url === "/latest/meta-data/public-ipv4") response.end("192.0.2.10");
      else response.writeHead(request.url?.includes("broken") === true ? 500 : 404).end();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    url = `http://127.0.0.1:${address.port}/latest/`;
  });
  afterEach(() => {
    server.close();
    host[Symbol.dispose]();
  });

  async function metadata(path: string, from = url): Promise<string> {
    const code = `
import sys, host
host.METADATA = sys.argv[1]
try: print(repr(host.metadata(sys.argv[2])))
except host.Fault as fault: print(fault)`;
    // Not at once: the server is in this process. A proxy in the environment must not be asked.
    const child = spawn(python, ["-c", code, from, path], {
      env: { ...process.env, PYTHONPATH: host.path("/program"), http_proxy: "http://127.0.0.1:9" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    for await (const chunk of child.stdout) output += String(chunk);
    return output.trim();
  }

  test("is asked for with a token (IMDSv2), and never through a proxy", async () => {
    expect(await metadata("public-ipv4")).toBe("'192.0.2.10'");
    expect(asked).toEqual(["PUT /latest/api/token", "GET /latest/meta-data/public-ipv4"]);
  });

  test("may lack a value", async () => expect(await metadata("tags/instance/x")).toBe("None"));

  test.each([
    ["is out of order", "broken", undefined, "500"],
    ["isn't there", "public-ipv4", "http://127.0.0.1:1/latest/", "refused"],
  ])("says why it gives no answer where it %s", async (_, path, from, reason) => {
    const answer = await metadata(path, from);
    expect(answer).toContain("no answer from the instance metadata: ");
    expect(answer).toContain(reason);
  });
});
