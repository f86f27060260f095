import { spf, type SPFResult } from "mailauth/lib/spf/index.js";

/** The results of check_host() (RFC 7208 2.6). */
export type SpfResult = "pass" | "fail" | "softfail" | "neutral" | "none" | "permerror" | "temperror";

/** The arguments of check_host() (RFC 7208 4.1). */
export interface SpfQuestion {
  readonly ip: string;
  /** A mail address, whose domain is the one checked. */
  readonly sender: string;
  readonly helo: string;
  /** Limit of the evaluation in milliseconds; then it is a temperror. */
  readonly timeLimit: number;
}

/** A result and what it took. */
export interface SpfEvaluation {
  readonly result: SpfResult;
  /** What is wrong, in mailauth's words, for permerror and temperror. */
  readonly fault: string;
  /** Terms that asked the DNS (RFC 7208 4.6.4). */
  readonly lookups: number;
  /** Void look-ups: of the terms themselves, and of the names that "mx" and "ptr" led to. */
  readonly voids: { readonly terms: number; readonly mx: number; readonly ptr: number };
  readonly explanation: string | undefined;
}

/** The DNS as mailauth asks it. */
export type SpfResolve = (name: string, type: string) => Promise<string[] | string[][]>;

/** %{r}, the receiver in explanations (RFC 7208 7.3). */
const receiver = "unknown";

/**
 * mailauth's check_host() in strict mode, right on every case of the RFC 7208 test suite. The only place that knows
 * mailauth. Never rejects. Its sub-path is imported because the package's main file loads all of DKIM, ARC and BIMI.
 */
export async function evaluateSpf(question: SpfQuestion, resolve: SpfResolve): Promise<SpfEvaluation> {
  const { ip, sender, helo, timeLimit } = question;
  try {
    const response = await spf({
      ip,
      sender,
      helo,
      mta: receiver,
      resolver: resolve,
      strict: true,
      maxElapsedTime: timeLimit,
    });
    const { count = 0, void: terms = 0, subqueries = {} } = response.lookups ?? {};
    return {
      result: response.status.result as SpfResult,
      fault: faultIn(response),
      lookups: count,
      voids: { terms, mx: subqueries["mx:void"] ?? 0, ptr: subqueries["ptr:void"] ?? 0 },
      explanation: response.explanation,
    };
  } catch (error) {
    // An identity so odd that mailauth can't report on it. Whatever a receiver says to it, it isn't pass.
    const fault = error instanceof Error ? error.message : String(error);
    return {
      result: "permerror",
      fault,
      lookups: 0,
      voids: { terms: 0, mx: 0, ptr: 0 },
      explanation: undefined,
    };
  }
}

/** `unknown: permanent error in processing during lookup of postmaster@example.com: FAULT` -> FAULT */
function faultIn(response: SPFResult): string {
  const { comment } = response.status;
  if (typeof comment !== "string") return "";
  const start = `lookup of ${response["envelope-from"] ?? ""}: `;
  const index = comment.indexOf(start);
  return index < 0 ? "" : comment.slice(index + start.length);
}
