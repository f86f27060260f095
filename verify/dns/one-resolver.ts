import { normalizeName } from "../../mail/host-name.ts";
import type { Resolver } from "../../mail/resolver.ts";
import type { Endpoint } from "../endpoint.ts";
import { readReply, settle } from "./answers.ts";
import type { Exchange } from "./exchange.ts";

/** One resolver alone, with the contract of Node's. It remembers nothing: for who asks nothing twice anyway. */
export function oneResolver(server: Endpoint, exchange: Exchange): Resolver {
  return {
    resolve: async (written, type) => {
      const name = normalizeName(written);
      const question = { name, type };
      return settle(name, type, readReply(question, await exchange(server, question, true)));
    },
  };
}
