import type { PolicyConfigSchema } from "@pulumi/policy";
import { liveResolver } from "../mail/live-resolver.ts";
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
