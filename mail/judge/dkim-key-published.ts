import { clipped } from "../clipped.ts";
import { dkimRecord, parseDkimRecord, selectorFault } from "../dkim.ts";
import { lately } from "../lately.ts";
import type { DkimSelector, Inquiry } from "./inquiry.ts";
import { agrees, disagrees, remarks, undetermined, type Rule, type Statement } from "./rule.ts";

export const dkimKeyPublished: Rule = {
  id: "dkim-key-published",
  title: "The DKIM keys are published",
  severity: "advisory",
  description:
    "Each selector that the host signs with has exactly one key record (an alias is fine), which parses, is not revoked, " +
    "is RSA of at least 2048 bits or Ed25519, and is the key that the host has. A host without any selector disagrees.",
  sources: ["RFC 6376 3.6.1", "RFC 8301 3.2", "RFC 8463 4"],
  replies: ["Gmail 550 5.7.30", "Outlook.com 550 5.7.515"],
  judge: async (inquiry) => {
    const { selectors, from } = inquiry;
    if (selectors.length > 0) {
      const said = selectors.map(async (key) =>
        (await publication(key, inquiry)).map((statement) => ({ ...statement, about: [key.selector] })),
      );
      return (await Promise.all(said)).flat();
    }
    if (from === "") return [];
    return [
      disagrees(`The host signs no mail of ${from} with DKIM.`, {
        fix: `Sign with a key of at least 2048 bits and publish it at SELECTOR._domainkey.${from}.`,
      }),
    ];
  },
};

async function publication(key: Required<DkimSelector>, { lookUp }: Inquiry): Promise<Statement[]> {
  const { selector, domain = "", publicKey } = key;
  const name = `${selector}._domainkey.${domain}`;
  const fault = selectorFault(selector);
  if (fault !== undefined) {
    const fix = `Choose a selector of letters, digits and hyphens in place of "${selector}".`;
    return [
      disagrees(`The DKIM selector "${selector}" ${fault}.`, {
        found: selector,
        fix,
        source: "RFC 6376 3.1",
      }),
    ];
  }
  const own = publicKey === undefined ? undefined : ownKey(publicKey);
  if (own !== undefined && "fault" in own) {
    const fix = `Make a new key for the selector ${selector}.`;
    return [disagrees(`The host's key for the selector ${selector} can't be used: ${own.fault}.`, { fix })];
  }
  const publish = `Publish the host's public key as the one TXT record at ${name}${own === undefined ? "" : `: "${own.record}"`}.`;
  const lookup = await lookUp(name, "TXT");
  switch (lookup.kind) {
    case "unknown":
      return [undetermined(lookup)];
    case "absent":
      return [
        disagrees(`There is no DKIM key: ${name} ${lookup.why}.`, { expected: own?.record, fix: publish }),
      ];
    case "found": {
      const records = lookup.answers.map((strings) => strings.join(""));
      const [found = ""] = records;
      if (records.length > 1) {
        return [
          disagrees(
            `${name} has ${records.length} TXT records, and a receiver may read any as the DKIM key.`,
            {
              expected: own?.record,
              fix: publish,
              source: "RFC 6376 3.6.2.2",
            },
          ),
        ];
      }
      return comparison(name, found, own, { expected: own?.record, found, fix: publish });
    }
  }
}

function comparison(
  name: string,
  record: string,
  own: OwnKey | undefined,
  details: { expected: string | undefined; found: string; fix: string },
): Statement[] {
  const key = publishedKey(record);
  if ("fault" in key) return [disagrees(`The DKIM key record at ${name} ${clipped(key.fault)}.`, details)];
  if (key.revoked) return [disagrees(`The DKIM key at ${name} is revoked: its p tag is empty.`, details)];
  if (own !== undefined && (key.keyType !== own.keyType || key.publicKey !== own.publicKey)) {
    return [disagrees(`The DKIM key at ${name} is not the one that the host signs with.`, details)];
  }
  const kind = key.keyType === "rsa" ? `RSA of ${key.bits} bits` : "Ed25519";
  return [
    agrees(`The DKIM key at ${name} is published (${kind}${own === undefined ? "" : ", the host's"}).`, {
      found: record,
    }),
    ...key.notes.map((note) => remarks(`The DKIM key record at ${name} ${clipped(note)}.`, details)),
  ];
}

interface OwnKey {
  /** The record that publishes it. */
  readonly record: string;
  readonly keyType: string;
  readonly publicKey: string;
}

/** The host's key as it would be published. */
const ownKey = lately((publicKey: string): OwnKey | { readonly fault: string } => {
  try {
    const record = dkimRecord(publicKey);
    const [, keyType = "", key = ""] = /; k=(\w+); p=(\S+)$/.exec(record) ?? [];
    return { record, keyType, publicKey: key };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
});

const publishedKey = lately(parseDkimRecord);
