import { faultOf } from "../provider/check-shape.ts";
import type { Fault, Formats } from "../provider/check-shape.ts";
import { isObject } from "../provider/values.ts";
import type { Properties } from "../provider/values.ts";

/** Limits of a tag (AWS Tagging best practices): key 128, value 256 characters, 50 tags a resource. */
const MAX_KEY = 128;
const MAX_VALUE = 256;
const MAX_TAGS = 50;

/** The formats of tag values. */
export const TAG_FORMATS: Formats = {
  "tags.*": (value: string) =>
    value.length > MAX_VALUE ? `Tag value exceeds the maximum length of ${MAX_VALUE} characters` : undefined,
};

/** What is wrong with the keys of `tags`, and with their number. */
export function checkTags({ tags }: Properties): readonly Fault[] {
  if (!isObject(tags)) return [];
  const keys = Object.keys(tags);
  const faults = keys.flatMap((key) => {
    if (/^aws:/i.test(key)) return [`Tag keys starting with 'aws:' are reserved for internal use: '${key}'`];
    if (key.length === 0) return ["Tag keys must not be empty"];
    return key.length > MAX_KEY
      ? [`Tag key exceeds the maximum length of ${MAX_KEY} characters: '${key}'`]
      : [];
  });
  const tooMany =
    keys.length > MAX_TAGS ? [`The maximum number of ${MAX_TAGS} tags is exceeded: ${keys.length}`] : [];
  return [...faults, ...tooMany].map((reason) => faultOf("tags", reason));
}
