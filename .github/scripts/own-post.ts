/** A comment or an issue. */
export interface Post {
  readonly body?: string | null;
  readonly user?: { readonly login: string } | null;
}

/** Who writes what is written with the GITHUB_TOKEN of a job. */
const bot = "github-actions[bot]";

/** The hidden first line by which a post is found again: an HTML comment, which Markdown doesn't show. */
export function markerOf(purpose: string): string {
  return `<!-- okmail ${purpose} -->`;
}

/**
 * The first post that begins with `marker` and that a workflow wrote itself. Anybody can write the marker; a post of
 * theirs is never taken over, since its author could change the verdict in it later.
 */
export async function findOwn<Found extends Post>(
  pages: AsyncIterable<readonly Found[]>,
  marker: string,
): Promise<Found | undefined> {
  for await (const page of pages) {
    const own = page.find(({ body, user }) => user?.login === bot && body?.startsWith(marker));
    if (own !== undefined) return own;
  }
  return undefined;
}
