import { describe, expect, it } from "vitest";
import { mailPolicies } from "../../policy/mail-policies.ts";
import { agreeingStack } from "../helpers/planned-stack.ts";
import { validateStack } from "./pack-run.ts";

async function messagesOf(policy: string, ...settings: readonly string[]): Promise<string[]> {
  const commands = ["myhostname = okmail.example.com", ...settings].map(
    (setting) => `- postconf -e '${setting}'\n`,
  );
  const userData = `#cloud-config\nruncmd:\n${commands.join("")}`;
  const found = await validateStack(
    mailPolicies({ updating: false }),
    agreeingStack({ change: { okmail: { userData } } }),
  );
  return found.filter((violation) => violation.policy === policy).map(({ message }) => message);
}

describe("relay-closed", () => {
  it("says nothing about Postfix's own defaults", async () => {
    expect(await messagesOf("relay-closed")).toEqual([]);
  });

  it.each([
    ["mynetworks = 0.0.0.0/0"],
    ["smtpd_relay_restrictions = permit"],
    ["relay_domains = static:ALL"],
  ])("refuses %s, and names the setting, its value and the fix", async (setting) => {
    const [message] = await messagesOf("relay-closed", setting);
    expect(message).toContain(`host okmail: ${setting.split(",")[0] ?? ""}`);
    expect(message).toMatch(/ (Set|List) /);
  });

  it("tells of a setting that can't be known, as not judged", async () => {
    expect(await messagesOf("relay-closed", "mynetworks = hash:/etc/postfix/networks")).toEqual([]);
    const [message] = await messagesOf("judged-completely", "mynetworks = hash:/etc/postfix/networks");
    expect(message).toMatch(/^relay-closed: host okmail: mynetworks/);
  });
});
