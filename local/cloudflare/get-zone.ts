import type { FunctionDefinition } from "../provider/definition.ts";
import { zoneOfId, type CloudflareZone } from "./zones.ts";

/** What the local account says of itself. */
const ACCOUNT = { id: "0".repeat(32), name: "okmail local cloud" };

/** cloudflare:index/getZone:getZone, by zone id. The look-up by filter needs a right that a narrow token doesn't have. */
export function getZone(zones: readonly CloudflareZone[]): FunctionDefinition {
  return {
    token: "cloudflare:index/getZone:getZone",
    schema: { inputs: { "zoneId?": "string", "filter?": "any" }, outputs: {} },
    call: ({ zoneId }) => {
      if (typeof zoneId !== "string") throw new Error("The local cloud looks zones up by zoneId only");
      const { id, name } = zoneOfId(zones, zoneId, { method: "GET", path: `/zones/${zoneId}` });
      return {
        id,
        zoneId: id,
        name,
        account: ACCOUNT,
        nameServers: ["ns.okmail.internal"],
        originalNameServers: [],
        vanityNameServers: [],
        permissions: [],
        paused: false,
        status: "active",
        type: "full",
        developmentMode: 0,
      };
    },
  };
}
