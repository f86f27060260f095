import type { FunctionDefinition } from "../provider/definition.ts";
import type { Account } from "./account.ts";
import { awsFunction } from "./aws-function.ts";
import { findMatching } from "./find-one.ts";
import type { Filter } from "./find-one.ts";
import { DESCRIBE_SUBNETS, subnetProperties } from "./get-subnet.ts";
import { defaultNetwork } from "./network.ts";

interface Arguments {
  readonly filters?: readonly Filter[];
  readonly tags?: Readonly<Record<string, string>>;
}

/** aws:ec2/getSubnets:getSubnets, the ids of the default VPC's subnets; there are no others. */
export function getSubnets(account: Account): FunctionDefinition {
  const { vpcId, subnets } = defaultNetwork(account.region);
  return awsFunction<Arguments>(account, {
    token: "aws:ec2/getSubnets:getSubnets",
    call: ({ filters = [], tags }) => {
      const candidates = subnets.map((value) => ({
        value,
        properties: subnetProperties(vpcId, value),
        tags: {},
      }));
      const found = findMatching(DESCRIBE_SUBNETS, candidates, { filters, tags });
      return { id: account.region, ids: found.map(({ id }) => id), tags: tags ?? {} };
    },
  });
}
