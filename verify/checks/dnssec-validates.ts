import { agrees, disagrees, remarks, undetermined, type Statement } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";
import { isAnswer, type Asker } from "../dns/asker.ts";
import type { Facts } from "../facts.ts";

export const dnssecValidates: Check = {
  id: "dnssec-validates",
  title: "DNSSEC of the domain validates",
  severity: "advisory",
  description:
    "A resolver that validates, which the signed root shows, finds the domain's answers signed. A domain without DNSSEC gets a " +
    "remark; one whose signatures are wrong does not exist for receivers that validate.",
  sources: ["RFC 4035 5", "RFC 6840 5.8"],
  ofSender: async (facts) => {
    const { mailFrom, helo, heloFault } = facts.asked;
    if (heloFault !== undefined || helo === mailFrom) return [];
    const validating = await validatingResolvers(facts);
    return validating.length === 0 ? [] : [await validation(helo, validating, facts)];
  },
  ofDomain: async (facts) => {
    const { mailFrom } = facts.asked;
    const validating = await validatingResolvers(facts);
    if (validating.length === 0)
      return [
        undetermined(
          { why: "none of the resolvers asked validates DNSSEC", undetermined: false },
          { fix: "Ask one that does as well, such as --resolver 9.9.9.9." },
        ),
      ];
    return mailFrom === "" ? [] : [await validation(mailFrom, validating, facts)];
  },
};

/** Those that say of the root, which is signed, that they have validated it. */
async function validatingResolvers({ panel }: Facts): Promise<Asker[]> {
  const found = await Promise.all(
    panel.resolvers.map(async (resolver) => {
      const [{ reply }, invents] = await Promise.all([
        resolver.ask({ name: "", type: "SOA" }),
        panel.invents(resolver),
      ]);
      return reply?.authentic === true && !invents ? [resolver] : [];
    }),
  );
  return found.flat();
}

async function validation(name: string, validating: readonly Asker[], { panel }: Facts): Promise<Statement> {
  const question = { name, type: "SOA" } as const;
  const [truth, ...heard] = await Promise.all([
    panel.tell(question),
    ...validating.map(async (resolver) => ({ resolver, ...(await resolver.ask(question)) })),
  ]);
  const bogus = heard.find(({ said }) => said.kind === "failed" && said.code === "ESERVFAIL");
  if (bogus !== undefined && isAnswer(truth))
    return disagrees(
      `The resolver ${bogus.resolver.name}, which validates, fails on ${name}, whose own servers answer: its DNSSEC is broken.`,
      {
        found: "SERVFAIL",
        fix: `Compare the DS record of ${name} at its registrar with the zone's keys, and see that its signatures have not expired.`,
        severity: "mandatory",
      },
    );
  const answered = heard.filter(({ said }) => isAnswer(said));
  if (answered.length === 0)
    return undetermined({ why: `no validating resolver answered for ${name}`, undetermined: false });
  if (answered.every(({ reply }) => reply?.authentic === true))
    return agrees(
      `DNSSEC of ${name} validates, says ${answered.map(({ resolver }) => resolver.name).join(", ")}.`,
    );
  return remarks(
    `${name} is not signed with DNSSEC, so its answers can be forged, and DANE is not possible.`,
    {
      fix: `Turn DNSSEC on for the zone of ${name}, and give its DS record to the registrar.`,
    },
  );
}
