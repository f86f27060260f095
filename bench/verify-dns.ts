import { setTimeout as wait } from "node:timers/promises";
import { respond } from "../local/dns/respond.ts";
import { serveDns } from "../local/dns/server.ts";
import { zones } from "./verify-world.ts";

// The DNS of the benchmark of verify, in a process of its own: `node bench/verify-dns.ts MILLISECONDS`. Each answer is held
// back for so long. Tells its parent the ports of a resolver and of the zones' own server, and ends with it.

const latency = Number(process.argv[2]);
const known = zones();
const serve = () =>
  serveDns((message, transport) => wait(latency, respond(known, message, transport) ?? Buffer.alloc(0)));
const [resolver, authority] = [await serve(), await serve()];
process.send?.({ resolver: resolver.port, authority: authority.port });
process.on("disconnect", () => process.exit());
