import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import type { Notice } from "./notice.ts";

const topicArn = /^arn:aws[\w-]*:sns:([a-z]+(?:-[a-z]+)+-\d+):\d{12}:[\w-]{1,256}$/;

/** Why `arn` is no topic to publish to, a phrase that follows it; undefined if it is one. A FIFO topic reaches no people. */
export function topicFault(arn: string): string | undefined {
  if (topicArn.test(arn)) return undefined;
  return topicArn.test(arn.replace(/\.fifo$/, ""))
    ? "is a FIFO topic, which sends no mail; take a standard one"
    : "is no ARN of an SNS topic";
}

/** Octets of a message that SNS takes at most. */
const longestMessage = 262_144;

/**
 * Publishes to a topic, in the topic's own Region.
 * @throws Error that says what AWS said, and what to do
 */
export async function publish(topic: string, { subject, text }: Notice): Promise<void> {
  const [, region = ""] = topicArn.exec(topic) ?? [];
  const client = new SNSClient({
    region,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
  });
  // Cut at an octet; a character broken by that is left out.
  const message = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, longestMessage - 4), {
    stream: true,
  });
  try {
    await client.send(new PublishCommand({ TopicArn: topic, Subject: subject, Message: message }));
  } catch (error) {
    const { name, message: said } = error instanceof Error ? error : new Error(String(error));
    const remedy = remedies[name];
    throw new Error(
      `sns:Publish to ${topic} failed: ${name}: ${said}${remedy === undefined ? "" : `; ${remedy}`}`,
      {
        cause: error,
      },
    );
  } finally {
    client.destroy();
  }
}

const remedies: Readonly<Record<string, string>> = {
  AuthorizationErrorException: "allow sns:Publish on this topic to the credentials",
  NotFoundException: "create the topic, or give the one that there is",
  CredentialsProviderError: "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
};
