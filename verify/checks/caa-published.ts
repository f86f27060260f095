import { caaIssue } from "../../mail/caa.ts";
import { agrees, remarks, undetermined, type Statement } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";
import { recordText } from "../dns/answers.ts";
import type { Facts } from "../facts.ts";

export const caaPublished: Check = {
  id: "caa-published",
  title: "CAA says who may issue certificates",
  severity: "advisory",
  description:
    "The name, or the closest name above it that has CAA records, says which certification authorities may issue a " +
    "certificate for it. Without one any of them may. A HELO name in the domain without records of its own is told of with " +
    "the domain.",
  sources: ["RFC 8659 3"],
  ofSender: async ({ asked: { helo, heloFault, mailFrom }, ask }) => {
    if (heloFault !== undefined) return [];
    const inDomain = helo === mailFrom || helo.endsWith(`.${mailFrom}`);
    const own = inDomain ? namesUpTo(mailFrom, helo) : namesUpTo("", helo);
    return (await issuers(helo, own, ask)) ?? (inDomain ? [] : [anybody(helo)]);
  },
  ofDomain: async ({ asked: { mailFrom }, ask }) =>
    mailFrom === "" ? [] : ((await issuers(mailFrom, namesUpTo("", mailFrom), ask)) ?? [anybody(mailFrom)]),
};

/** The name and those above it, closest first, below `end`: `a.b.c` up to `c` -> `a.b.c`, `b.c`. "" is the root. */
function namesUpTo(end: string, name: string): string[] {
  const labels = name.split(".");
  const names = labels.map((_, index) => labels.slice(index).join("."));
  return names.slice(0, end === "" ? names.length : names.indexOf(end));
}

/** What the closest records say; undefined where there are none. All are asked for at once. */
async function issuers(
  subject: string,
  names: readonly string[],
  ask: Facts["ask"],
): Promise<Statement[] | undefined> {
  const heard = await Promise.all(names.map(async (name) => ({ name, heard: await ask(name, "CAA") })));
  for (const { name, heard: one } of heard) {
    if (one?.said.kind === "found") {
      const found = one.said.records.map(recordText).join(", ");
      return [
        agrees(`Certificates for ${subject} are issued by what CAA of ${name} says: ${found}.`, { found }),
      ];
    }
    if (one?.said.kind !== "absent")
      return [undetermined({ why: `the DNS look-up of ${name} CAA failed`, undetermined: false })];
  }
  return undefined;
}

function anybody(name: string): Statement {
  const { flags, tag, value } = caaIssue("letsencrypt.org");
  const wanted = `${flags} ${tag} ${JSON.stringify(value)}`;
  return remarks(
    `${name} has no CAA record, so every certification authority may issue certificates for it.`,
    {
      expected: wanted,
      fix: `Create the CAA record ${name} ${wanted}, with the name of the authority that you use.`,
    },
  );
}
