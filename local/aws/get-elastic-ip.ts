import { asText, isJsonObject } from "../store.ts";
import type { CloudRecord, JsonObject } from "../store.ts";
import type { FunctionDefinition } from "../provider/definition.ts";
import type { Account } from "./account.ts";
import { awsFunction } from "./aws-function.ts";
import { elasticIpView } from "./eip-view.ts";
import { exactlyOne, findMatching } from "./find-one.ts";
import type { Filter } from "./find-one.ts";
import { AWS_TYPES } from "./types.ts";

const DESCRIBE = { service: "EC2", operation: "DescribeAddresses" } as const;

interface Arguments {
  readonly filters?: readonly Filter[];
  readonly id?: string;
  readonly publicIp?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** aws:ec2/getElasticIp:getElasticIp, an Elastic IP by allocation id, address or tags. */
export function getElasticIp(account: Account): FunctionDefinition {
  const { store } = account;
  return awsFunction<Arguments>(account, {
    token: "aws:ec2/getElasticIp:getElasticIp",
    call: ({ id, publicIp, filters, tags }) => {
      const candidates = store
        .list(AWS_TYPES.eip)
        .filter((record) => id === undefined || record.id === id)
        .filter(({ outputs }) => publicIp === undefined || outputs.publicIp === publicIp)
        .map((value) => ({
          value,
          properties: elasticIpProperties(account, value),
          tags: value.inputs.tags,
        }));
      return view(account, exactlyOne(findMatching(DESCRIBE, candidates, { filters, tags }), "EC2 EIP"));
    },
  });
}

/** What filters can ask of an Elastic IP. */
export function elasticIpProperties(account: Account, record: CloudRecord): Record<string, string> {
  const view = elasticIpView(account, account.store, record);
  return {
    "allocation-id": record.id,
    "association-id": asText(view.associationId),
    "instance-id": asText(view.instance),
    "network-border-group": asText(view.networkBorderGroup),
    "network-interface-id": asText(view.networkInterface),
    "private-ip-address": asText(view.privateIp),
    "public-ip": asText(view.publicIp),
  };
}

function view(account: Account, record: CloudRecord): JsonObject {
  const { instance, networkInterface, ...rest } = elasticIpView(account, account.store, record);
  const { tags } = record.inputs;
  return {
    ...rest,
    customerOwnedIpv4Pool: "",
    id: record.id,
    instanceId: asText(instance),
    networkInterfaceId: asText(networkInterface),
    networkInterfaceOwnerId: asText(networkInterface) === "" ? "" : account.accountId,
    tags: isJsonObject(tags) ? tags : {},
  };
}
