import { caaIssue } from "../../mail/caa.ts";
import { agrees, remarks, undetermined } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";
import { recordText } from "../dns/answers.ts";

export const caaPublished: Check = {
  id: "caa-published",
  title: "CAA says who may issue certificates",
  severity: "advisory",
  description:
    "The HELO name, or the closest name above it that has CAA records, says which certification authorities may issue a " +
    "certificate for it. Without one any of them may.",
  sources: ["RFC 8659 3"],
  run: async ({ asked: { helo, heloFault }, ask }) => {
    if (heloFault !== undefined) return [];
    const labels = helo.split(".");
    // The tree is climbed up to the top-level domain; the answers are asked for at once, and the closest counts.
    const names = labels.map((_, index) => labels.slice(index).join("."));
    const heard = await Promise.all(names.map(async (name) => ({ name, heard: await ask(name, "CAA") })));
    for (const { name, heard: one } of heard) {
      if (one?.said.kind === "found") {
        const found = one.said.records.map(recordText).join(", ");
        return [
          agrees(`Certificates for ${helo} are issued by what CAA of ${name} says: ${found}.`, { found }),
        ];
      }
      if (one?.said.kind !== "absent")
        return [undetermined({ why: `the DNS look-up of ${name} CAA failed`, undetermined: false })];
    }
    const { flags, tag, value } = caaIssue("letsencrypt.org");
    const wanted = `${flags} ${tag} ${JSON.stringify(value)}`;
    return [
      remarks(`${helo} has no CAA record, so every certification authority may issue certificates for it.`, {
        expected: wanted,
        fix: `Create the CAA record ${helo} ${wanted}, with the name of the authority that you use.`,
      }),
    ];
  },
};
