import { expect, test } from "vitest";
import { policyArguments } from "../../local/policy-arguments.ts";
import { openTestStack, removeFolder } from "./local-stack.ts";

// Pulumi.prod.yaml as it stands, on the local cloud: what production would do, but for the cloud.

test("the production configuration deploys, agrees with the policy pack, and protects address and volume", async () => {
  const stack = await openTestStack(undefined, "Pulumi.prod.yaml");
  try {
    const arguments_ = policyArguments.slice(0, 2);
    const preview = await stack.session.stack.preview({ arguments: arguments_ });
    expect(preview.errors).toEqual([]);
    expect(preview.steps.map(({ name }) => name)).toContain("mail-okmail-address");
    expect(stack.session.cloud.store.all()).toEqual([]);

    const up = await stack.session.stack.up({ arguments: arguments_ });
    expect(up.errors).toEqual([]);
    expect(up.warnings.filter((text) => text.startsWith("address-protected"))).toEqual([]);

    const destroy = await stack.session.stack.destroy();
    // It ends at the first of them that it comes to.
    expect(destroy.errors.join("\n")).toMatch(/mail-okmail-queue.*protect/s);
    for (const kept of ["aws:ec2/eip:Eip", "aws:ebs/volume:Volume"])
      expect(stack.session.cloud.store.list(kept), kept).toHaveLength(1);
  } finally {
    await stack.close();
    removeFolder(stack.folder);
  }
});
