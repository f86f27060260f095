import type { FunctionDefinition } from "../provider/definition.ts";
import { dnsSuffix, partitionOf } from "./account.ts";
import type { Account } from "./account.ts";
import { awsFunction } from "./aws-function.ts";

/** The user that the local cloud's requests come from. */
const USER = "okmail-local";

/** aws:index/getCallerIdentity:getCallerIdentity, getPartition and getRegion: where and who one is. */
export function accountFunctions(account: Account): readonly FunctionDefinition[] {
  const { region, accountId } = account;
  const partition = partitionOf(region);
  const suffix = dnsSuffix(region);
  return [
    awsFunction(account, {
      token: "aws:index/getCallerIdentity:getCallerIdentity",
      call: () => ({
        accountId,
        arn: `arn:${partition}:iam::${accountId}:user/${USER}`,
        id: accountId,
        userId: "AIDAOKMAILLOCALCLOUD0",
      }),
    }),
    awsFunction(account, {
      token: "aws:index/getPartition:getPartition",
      call: () => ({
        dnsSuffix: suffix,
        id: partition,
        partition,
        reverseDnsPrefix: suffix.split(".").reverse().join("."),
      }),
    }),
    awsFunction(account, {
      token: "aws:index/getRegion:getRegion",
      call: () => ({
        description: `Local cloud (${region})`,
        endpoint: `ec2.${region}.${suffix}`,
        id: region,
        name: region,
      }),
    }),
  ];
}
