import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";

/** A comment or an issue, as the stand-in keeps it. */
export interface StoredPost {
  readonly id: number;
  readonly number: number;
  readonly user: { readonly login: string };
  body: string;
  title?: string;
  state?: string;
}

/** A stand-in for GitHub's REST API on loopback: one repository, octo/mail, with one bot's token. */
export interface GitHubStub {
  /** What a job's environment says about this GitHub. */
  readonly env: Readonly<Record<string, string>>;
  /** The comments by the number of their pull request or issue. */
  readonly comments: Map<number, StoredPost[]>;
  readonly issues: StoredPost[];
  /** The runs of workflows, newest first. */
  readonly runs: { readonly status: string; readonly head_sha: string }[];
  /** The commit that each branch points at. */
  readonly heads: Map<string, string>;
  /** What was asked, such as `GET /issues/7/comments?per_page=100`. */
  readonly requests: string[];
  /** Answers given before any other: HTTP statuses. */
  readonly faults: { readonly status: number; readonly headers?: Record<string, string> }[];
  /** Requests that the token may not make; the real one says 403. */
  forbidden: RegExp | undefined;
  /** How many posts a page has at most, whatever is asked for. */
  pageSize: number;
  post(login: string, body: string): StoredPost;
}

export const BOT = "github-actions[bot]";
const REPOSITORY = "octo/mail";
const TOKEN = "stub-token";

const servers: ReturnType<typeof createServer>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await once(server.close(), "close");
  }
});

/** Starts a stand-in, which ends with the test. */
export async function startGitHub(): Promise<GitHubStub> {
  let ids = 100;
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const stub: GitHubStub = {
    env: { GITHUB_API_URL: url, GITHUB_REPOSITORY: REPOSITORY, GITHUB_TOKEN: TOKEN },
    comments: new Map(),
    issues: [],
    runs: [],
    heads: new Map(),
    requests: [],
    faults: [],
    forbidden: undefined,
    pageSize: 100,
    post: (login, body) => ({ id: ++ids, number: ids, user: { login }, body }),
  };
  return stub;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: target = "" } = request;
    const reply = (status: number, body: unknown, headers: Record<string, string> = {}) =>
      response
        .writeHead(status, { "content-type": "application/json", ...headers })
        .end(JSON.stringify(body));

    const [, path] = target.split(`/repos/${REPOSITORY}`);
    stub.requests.push(`${method} ${path ?? target}`);
    const fault = stub.faults.shift();
    if (fault !== undefined) return void reply(fault.status, { message: "Try again" }, fault.headers);
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return void reply(401, { message: "Bad credentials" });
    if (path === undefined) return void reply(404, { message: "Not Found" });
    if (stub.forbidden?.test(`${method} ${path}`))
      return void reply(403, { message: "Resource not accessible by integration" });

    const { pathname, searchParams } = new URL(path, "http://stub");
    const page = (posts: StoredPost[]) => {
      const size = Math.min(Number(searchParams.get("per_page") ?? 30), stub.pageSize);
      const number = Number(searchParams.get("page") ?? 1);
      const next = new URL(url + target);
      next.searchParams.set("page", String(number + 1));
      const more = posts.length > size * number;
      const links = [`<${url}/first>; rel="first"`, ...(more ? [`<${next.href}>; rel="next"`] : [])];
      reply(200, posts.slice(size * (number - 1), size * number), { link: links.join(", ") });
    };
    const fields = method === "GET" ? {} : ((await json(request)) as Partial<StoredPost>);
    if ((fields.body?.length ?? 0) > 65_536)
      return void reply(422, {
        message: "Validation Failed: body is too long (maximum is 65536 characters)",
      });
    const created = (posts: StoredPost[]) => {
      const post = { ...stub.post(BOT, ""), ...fields };
      posts.push(post);
      reply(201, post);
    };
    const changed = (post: StoredPost | undefined) =>
      post === undefined ? reply(404, { message: "Not Found" }) : reply(200, Object.assign(post, fields));

    const on = (pattern: string) => new RegExp(`^${pattern}$`).exec(`${method} ${pathname}`)?.slice(1);
    let match: string[] | undefined;
    if ((match = on("GET /issues/(\\d+)/comments"))) page(stub.comments.get(Number(match[0])) ?? []);
    else if ((match = on("POST /issues/(\\d+)/comments"))) {
      const number = Number(match[0]);
      stub.comments.set(number, stub.comments.get(number) ?? []);
      created(stub.comments.get(number) ?? []);
    } else if ((match = on("PATCH /issues/comments/(\\d+)")))
      changed([...stub.comments.values()].flat().find(({ id }) => id === Number(match?.[0])));
    else if (on("GET /issues")) page(stub.issues.filter(({ state }) => state === searchParams.get("state")));
    else if (on("POST /issues")) {
      fields.state = "open";
      created(stub.issues);
    } else if ((match = on("PATCH /issues/(\\d+)")))
      changed(stub.issues.find(({ number }) => number === Number(match?.[0])));
    else if (on("GET /actions/workflows/deploy.yml/runs")) {
      const found = stub.runs.filter(({ status }) => status === searchParams.get("status"));
      reply(200, { total_count: found.length, workflow_runs: found });
    } else if ((match = on("GET /git/ref/heads/(.+)")))
      reply(200, { object: { sha: stub.heads.get(match[0] ?? "") } });
    else reply(404, { message: "Not Found" });
  }
}

async function json(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += String(chunk);
  return JSON.parse(text);
}
