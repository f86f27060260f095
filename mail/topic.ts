/** `arn:aws:sns:eu-central-1:123456789012:okmail` (SNS API, CreateTopic: letters, digits, hyphens and underscores). */
const topicArn = /^arn:aws[\w-]*:sns:([a-z]+(?:-[a-z]+)+-\d+):\d{12}:[\w-]{1,256}$/;

/** Why `arn` is no topic that people can be told by, a phrase that follows it; undefined if it is one. */
export function topicFault(arn: string): string | undefined {
  if (topicArn.test(arn)) return undefined;
  return topicArn.test(arn.replace(/\.fifo$/, ""))
    ? "is a FIFO topic, which sends no mail; take a standard one"
    : "is no ARN of an SNS topic";
}

/** The Region of a topic. @throws RangeError if it is none */
export function regionOfTopic(arn: string): string {
  const [, region] = topicArn.exec(arn) ?? [];
  if (region === undefined) throw new RangeError(`"${arn}" ${topicFault(arn) ?? ""}`);
  return region;
}
