import { isIPv4 } from "node:net";
import { z } from "zod";
import { hostNameFault, normalizeName } from "../host-name.ts";

const text = z.string().trim().min(1);
const url = z.string().regex(/^https?:\/\/\S+$/, "is no web address");

const zoneName = z
  .string()
  .refine((name) => hostNameFault(name) === undefined && normalizeName(name) === name, {
    error: "is no name of a zone in lower case",
  });

/** What lists answer: within 127.0.0.0/8 (RFC 5782 2.1). */
const code = z.string().refine((value) => isIPv4(value) && value.startsWith("127."), {
  error: "is no address within 127.0.0.0/8",
});

const removal = z.strictObject({
  /** What to do, in order. `{subject}` stands for the address or domain. */
  steps: z.array(text).min(1),
  url: url.optional(),
  /** How long it takes, as a phrase: `24 hours after the last report`. */
  usualTime: text,
});

/** "blocking": receivers that matter refuse the mail. "advisory": it costs points, or small receivers refuse it. */
const weight = z.enum(["blocking", "advisory"]);

const listingCode = z.strictObject({
  codes: z.array(code).min(1),
  name: text,
  /** What the subject is or does; follows "it" or stands alone. */
  meaning: text,
  /** @default the list's weight; "none" is no listing at all, as for the codes of a white list */
  weight: weight.or(z.literal("none")).optional(),
  /** @default the list's removal */
  removal: removal.optional(),
});

const selfTest = z.strictObject({
  /** Addresses, or domains, that are always listed. @default 127.0.0.2 or TEST (RFC 5782 5) */
  listed: z.array(text).min(1),
  /** What never is. @default 127.0.0.1 or INVALID */
  notListed: z.array(text),
  /** Whether ::FFFF:7F00:2 and ::FFFF:7F00:1 are test entries too. @default true */
  ipv6: z.boolean().default(true),
});

const access = z.strictObject({
  /** What the key is called in options. */
  key: z.string().optional(),
  /** The environment variable that the key is taken from. */
  variable: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/, "is no name of an environment variable")
    .optional(),
  /** The zone to ask with the key as one more label before it. */
  zone: zoneName.optional(),
  required: z.boolean(),
  registration: text,
});

const blocklist = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "is not in kebab-case"),
  name: text,
  zone: zoneName,
  lists: z.enum(["addresses", "domains"]),
  ipv6: z.boolean().default(false),
  /** Whether a domain is asked about by its registered domain: the list has no names below it. */
  registeredDomain: z.boolean().default(false),
  /** Whether it is asked where nobody names lists. */
  standard: z.boolean(),
  weight,
  /** What receivers do with it. */
  effect: text,
  /** What its answers mean. None: each answer within 127/8 is a listing. */
  codes: z.array(listingCode),
  /** Whether an answer's last octet is the sum of codes. */
  bitmask: z.boolean().default(false),
  /** Answers that say why there is no answer. */
  refusals: z.array(z.strictObject({ code, meaning: text })).default([]),
  selfTest: selfTest.optional(),
  removal,
  access: access.optional(),
  limits: text,
  sources: z.array(url).min(1),
});

const refused = z.strictObject({
  name: text,
  /** Zones that are refused, with all that is below them. */
  zones: z.array(zoneName),
  /** Why, a clause. */
  reason: text,
  instead: zoneName.optional(),
});

export const tableSchema = z
  .strictObject({
    checked: z.iso.date(),
    lists: z.array(blocklist).min(1),
    refused: z.array(refused),
  })
  .superRefine(({ lists, refused: dead }, context) => {
    const seen = new Set<string>();
    for (const [index, list] of lists.entries()) {
      for (const [field, value] of [["id", list.id] as const, ["zone", list.zone] as const]) {
        if (seen.has(value))
          context.addIssue({
            code: "custom",
            path: ["lists", index, field],
            message: `"${value}" is there twice`,
          });
        seen.add(value);
      }
      if (dead.some(({ zones }) => zones.some((zone) => isBelow(list.zone, zone))))
        context.addIssue({
          code: "custom",
          path: ["lists", index, "zone"],
          message: `"${list.zone}" is among the refused`,
        });
    }
  });

/** Whether `name` is `zone` or below it. */
export function isBelow(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

/** A list as the table has it. */
export type Blocklist = Readonly<z.infer<typeof blocklist>>;
/** What one or some of its answers mean. */
export type ListingCode = Readonly<z.infer<typeof listingCode>>;
/** How to get off a list. */
export type Removal = Readonly<z.infer<typeof removal>>;
/** A list that is never asked, and why. */
export type RefusedList = Readonly<z.infer<typeof refused>>;
export type BlocklistTable = Readonly<z.infer<typeof tableSchema>>;
