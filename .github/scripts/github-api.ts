import { setTimeout as delay } from "node:timers/promises";

/** One repository behind GitHub's REST API. Paths are relative to it: `/issues/7/comments`. */
export interface GitHub {
  /** Resolves with the answer's JSON. Rejects with a `GitHubError` when GitHub refuses. */
  request(method: Method, path: string, body?: object): Promise<unknown>;
  /** The pages of a list, in the API's order. Each is what its `Link` header calls the next. */
  pages<Item>(path: string): AsyncGenerator<Item[], void>;
}

export type Method = "GET" | "POST" | "PATCH";

/** GitHub's refusal, with its HTTP status and its own words. */
export class GitHubError extends Error {
  readonly status: number;

  constructor(method: Method, url: string, status: number, reason: string) {
    super(`${method} ${new URL(url).pathname}: ${status} ${reason}`);
    this.status = status;
  }
}

/** Milliseconds that one answer may take. */
const patience = 30_000;

/** How often a request is made at most. */
const attempts = 4;

/**
 * The repository that the environment of a GitHub job names. GITHUB_TOKEN has to be passed to the step. `pause` waits
 * so many milliseconds between two attempts.
 */
export function connect(
  env: NodeJS.ProcessEnv,
  pause: (ms: number) => Promise<unknown> = (ms) => delay(ms),
): GitHub {
  const { GITHUB_API_URL: api, GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = env;
  if (!api || !repository || !token)
    throw new Error(
      "GITHUB_API_URL, GITHUB_REPOSITORY and GITHUB_TOKEN must be set, as in a job of GitHub Actions",
    );
  const base = `${api}/repos/${repository}`;
  const headers = {
    accept: "application/vnd.github+json",
    authorization: `Bearer ${token}`,
    "user-agent": repository,
    "x-github-api-version": "2022-11-28",
  };

  async function send(method: Method, url: string, body?: object): Promise<Response> {
    // A comment posted twice is worse than one missing: a POST whose fate is unknown is not repeated.
    const last = method === "POST" ? 1 : attempts;
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await fetch(url, {
          method,
          headers,
          signal: AbortSignal.timeout(patience),
          ...(body && { body: JSON.stringify(body) }),
        });
        if (answer.ok) return answer;
        const error = new GitHubError(method, url, answer.status, reasonIn(await answer.text()));
        if (attempt >= last || !isPassing(answer)) throw error;
      } catch (error) {
        if (error instanceof GitHubError || attempt >= last) throw error;
      }
      await pause(1_000 * 2 ** attempt);
    }
  }

  return {
    async request(method, path, body) {
      return (await send(method, base + path, body)).json();
    },
    async *pages<Item>(path: string) {
      for (let next: string | undefined = base + path; next !== undefined;) {
        // The token goes to the API only, whatever a header says.
        if (new URL(next).origin !== new URL(api).origin) throw new Error(`${next} is not at ${api}`);
        const answer = await send("GET", next);
        yield (await answer.json()) as Item[];
        next = nextPage(answer.headers.get("link"));
      }
    },
  };
}

/** Whether the same request may succeed a little later: faults of the server, and rate limits. */
function isPassing({ status, headers }: Response): boolean {
  return status >= 500 || status === 429 || (status === 403 && headers.has("retry-after"));
}

function reasonIn(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}

/** `<https://api.github.com/…?page=2>; rel="next", <…>; rel="last"` -> the first address (RFC 8288). */
function nextPage(link: string | null): string | undefined {
  return link
    ?.split(",")
    .map((part) => /<([^>]*)>\s*;.*\brel="next"/.exec(part)?.[1])
    .find((url) => url !== undefined);
}
