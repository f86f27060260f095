import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { regionOfTopic } from "../../mail/topic.ts";
import type { Notice } from "./notice.ts";

/** Octets of a message that SNS takes at most. */
const longestMessage = 262_144;

/**
 * Publishes to a topic, in the topic's own Region.
 * @throws Error that says what AWS said, and what to do
 */
export async function publish(topic: string, { subject, text }: Notice): Promise<void> {
  const client = new SNSClient({
    region: regionOfTopic(topic),
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
