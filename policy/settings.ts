import type { PolicyConfigSchema } from "@pulumi/policy";
import { Resolver as NodeResolver } from "node:dns/promises";
import type { Answers, RecordType, Resolver } from "../mail/resolver.ts";
import type { JudgementOptions } from "./judgement.ts";

/** Settings of the judgement as a whole, under `judged-completely` in a file for `--policy-pack-config`. */
export interface JudgementSettings {
  readonly liveDns?: boolean;
  readonly liveTimeLimit?: number;
  readonly nameServers?: readonly string[];
  readonly unmanaged?: "absent" | "undetermined";
}

export const judgementSchema: PolicyConfigSchema = {
  properties: {
    liveDns: {
      type: "boolean",
      default: false,
      description: "Whether names that the plan doesn't hold are looked up in the live DNS.",
    },
    liveTimeLimit: {
      type: "integer",
      default: 5_000,
      minimum: 100,
      maximum: 60_000,
      description: "Milliseconds that one live look-up may take.",
    },
    nameServers: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Resolvers to ask, such as 9.9.9.9 or 127.0.0.1:5300; none: those of this machine.",
    },
    unmanaged: {
      type: "string",
      enum: ["absent", "undetermined"],
      default: "absent",
      description:
        "What a record is that the stack lacks, in a zone of which it manages only some records: absent, or undetermined, " +
        "for others may have made it. With liveDns the live DNS decides.",
    },
  },
};

export function judgementOptions(settings: JudgementSettings): JudgementOptions {
  const { liveDns = false, liveTimeLimit = 5_000, nameServers = [], unmanaged = "absent" } = settings;
  return { liveTimeLimit, unmanaged, ...(liveDns && { live: liveResolver(nameServers, liveTimeLimit) }) };
}

function liveResolver(nameServers: readonly string[], timeout: number): Resolver {
  const dns = new NodeResolver({ timeout, tries: 2 });
  if (nameServers.length > 0) dns.setServers(nameServers);
  return {
    resolve: async <T extends RecordType>(name: string, type: T) =>
      (await dns.resolve(name, type)) as unknown as Answers[T],
  };
}
