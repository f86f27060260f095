import type { JsonObject } from "../../local/store.ts";
import { inOrder, settled, type Stack } from "./declared.ts";
import { valueOf, type Outputs } from "./planned.ts";

/**
 * What providers would say of a stack's resources, without a cloud.
 *
 * @param addresses one for each Elastic IP, in their order
 */
export function imaginedOutputs(stack: Stack, addresses: readonly string[]): Outputs {
  const free = [...addresses];
  const outputs = new Map<string, JsonObject>();
  for (const { type, name, inputs } of inOrder(stack)) {
    const given = settled(inputs, (output) => valueOf(output, outputs)) as JsonObject;
    outputs.set(name, { ...given, ...said(type, name, free), id: `id-${name}` });
  }
  return outputs;
}

function said(type: string, name: string, free: string[]): JsonObject {
  if (type !== "aws:ec2/eip:Eip") return {};
  const publicIp = free.shift();
  if (publicIp === undefined) throw new Error("too few addresses");
  const publicDns = `ec2-${publicIp.replaceAll(".", "-")}.eu-central-1.compute.amazonaws.com`;
  return { publicIp, publicDns, allocationId: `eipalloc-${name}` };
}
