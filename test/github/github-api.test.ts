import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { connect, GitHubError, type GitHub } from "../../.github/scripts/github-api.ts";
import { BOT, startGitHub, type GitHubStub } from "./github-stub.ts";

const pauses: number[] = [];
const client = ({ env }: GitHubStub): GitHub => {
  pauses.length = 0;
  return connect(env, (ms) => Promise.resolve(pauses.push(ms)));
};

async function listed(github: GitHub): Promise<unknown[]> {
  const posts: unknown[] = [];
  for await (const page of github.pages("/issues/7/comments?per_page=100")) posts.push(...page);
  return posts;
}

describe("a list", () => {
  test.each([0, 1, 100, 101, 250])("of %i comes whole and in order", async (count) => {
    const stub = await startGitHub();
    const comments = Array.from({ length: count }, (_, index) => stub.post("octocat", `comment ${index}`));
    stub.comments.set(7, comments);

    expect(await listed(client(stub))).toEqual(comments);
    expect(stub.requests).toHaveLength(Math.max(1, Math.ceil(count / 100)));
  });

  test("is read no further than it is needed", async () => {
    const stub = await startGitHub();
    stub.pageSize = 1;
    stub.comments.set(7, [stub.post(BOT, "one"), stub.post(BOT, "two")]);

    for await (const page of client(stub).pages("/issues/7/comments")) if (page.length > 0) break;

    expect(stub.requests).toHaveLength(1);
  });

  test("that goes on at another place is not followed there with the token", async () => {
    const tokens: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      tokens.push(request.headers.authorization);
      response.setHeader("content-type", "application/json");
      response.setHeader("link", `<http://127.0.0.2:${port}/page2>; rel="next"`);
      response.end("[]");
    }).listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const github = connect({
      GITHUB_API_URL: `http://127.0.0.1:${port}`,
      GITHUB_REPOSITORY: "octo/mail",
      GITHUB_TOKEN: "secret",
    });

    await expect(listed(github)).rejects.toThrow("127.0.0.2");
    expect(tokens).toHaveLength(1);
    other.closeAllConnections();
    other.close();
  });
});

describe("a refusal", () => {
  test("has GitHub's status and reason", async () => {
    const stub = await startGitHub();
    stub.forbidden = /^POST/;
    const refusal = client(stub).request("POST", "/issues/7/comments", { body: "x" });
    await expect(refusal).rejects.toMatchObject({
      status: 403,
      message: "POST /repos/octo/mail/issues/7/comments: 403 Resource not accessible by integration",
    });
    await expect(refusal).rejects.toBeInstanceOf(GitHubError);
    expect(stub.requests).toHaveLength(1);
  });

  test.each([
    { status: 500 },
    { status: 502 },
    { status: 429 },
    { status: 403, headers: { "retry-after": "1" } },
  ])("that passes ($status) is waited out", async (fault) => {
    const stub = await startGitHub();
    stub.faults.push(fault, fault);
    stub.comments.set(7, [stub.post(BOT, "one")]);

    expect(await listed(client(stub))).toHaveLength(1);
    expect(pauses).toEqual([2_000, 4_000]);
  });

  test("that does not pass ends in an error after a few attempts", async () => {
    const stub = await startGitHub();
    stub.faults.push(...Array.from({ length: 20 }, () => ({ status: 503 })));
    await expect(listed(client(stub))).rejects.toThrow("503 Try again");
    expect(stub.requests).toHaveLength(4);
  });

  test("of a POST is final, for it may have been carried out", async () => {
    const stub = await startGitHub();
    stub.faults.push({ status: 502 });
    await expect(client(stub).request("POST", "/issues/7/comments", { body: "x" })).rejects.toThrow("502");
    expect(stub.requests).toHaveLength(1);
  });
});

test("a server that can't be reached ends in an error after a few attempts", async () => {
  const waited: number[] = [];
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  const env = {
    GITHUB_API_URL: `http://127.0.0.1:${port}`,
    GITHUB_REPOSITORY: "octo/mail",
    GITHUB_TOKEN: "x",
  };

  const github = connect(env, (ms) => Promise.resolve(waited.push(ms)));
  await expect(github.request("GET", "/issues")).rejects.toThrow("fetch failed");
  expect(waited).toHaveLength(3);
});

test.each(["GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN"])(
  "nothing is asked without %s",
  async (name) => {
    const stub = await startGitHub();
    expect(() => connect({ ...stub.env, [name]: "" })).toThrow("must be set");
  },
);
