/** Who wants to send mail to a domain of somebody else: anyone, or a client in mynetworks. Neither has logged in. */
export type Client = "stranger" | "trusted";

/** `unknown`: a table or policy service decides. */
export type Verdict = "permits" | "refuses" | "passes" | "unknown";

/** What always lets a client through. Any client can have a certificate of some sort, and an address. */
const permitAll = new Set(["permit", "permit_tls_all_clientcerts", "permit_naked_ip_address"]);

const refuseAll = new Set(["reject", "defer", "defer_if_permit"]);

/** These refuse mail to domains that aren't this host's, which is the mail in question. */
const refuseRelaying = new Set([
  "reject_unauth_destination",
  "defer_unauth_destination",
  "check_relay_domains",
]);

/** A list in main.cf: words between commas and white space. */
export function splitList(list: string): string[] {
  return list.split(/[\s,]+/).filter((word) => word !== "");
}

/**
 * What a list of smtpd restrictions does with a client (postconf(5), SMTPD_ACCESS_README): its first word that decides,
 * decides. Conditions that depend on the single client (`reject_unknown_client_hostname`) don't keep strangers out.
 * @param classOf gives the restrictions that a restriction class stands for, "" if it is none
 */
export function evaluate(
  list: string,
  client: Client,
  classOf: (name: string) => string | undefined,
): Verdict {
  return decide(splitList(list), client, classOf, new Map());
}

function decide(
  words: readonly string[],
  client: Client,
  classOf: (name: string) => string | undefined,
  classes: Map<string, Verdict>,
): Verdict {
  let unknown = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (permitAll.has(word) || (word === "permit_mynetworks" && client === "trusted"))
      return unknown ? "unknown" : "permits";
    // A table before it may let somebody through, but that is what tables are for: the rest is refused.
    if (refuseAll.has(word) || refuseRelaying.has(word)) return "refuses";
    if (word === "warn_if_reject" || word === "sleep") index++;
    else if (/^check_\w+$/.test(word)) unknown = true;
    else {
      const verdict = classVerdict(word, client, classOf, classes);
      if (verdict === "permits" || verdict === "refuses") return verdict;
      unknown ||= verdict === "unknown";
    }
  }
  return unknown ? "unknown" : "passes";
}

/** What a restriction class does. Each is looked into once, so that classes inside classes take no time. */
function classVerdict(
  word: string,
  client: Client,
  classOf: (name: string) => string | undefined,
  classes: Map<string, Verdict>,
): Verdict {
  const known = classes.get(word);
  if (known !== undefined) return known;
  classes.set(word, "passes"); // For a class that contains itself.
  const inner = /^\w+$/.test(word) ? classOf(word) : "";
  const verdict = inner === undefined ? "unknown" : decide(splitList(inner), client, classOf, classes);
  classes.set(word, verdict);
  return verdict;
}
