import { readArguments } from "./arguments.ts";
import { deployAndSend } from "./deploy-and-send.ts";

// `npm start`: this project on the local cloud. `pulumi up`, then a message from each host to a strict receiver, and what
// the receiver saw of it.

await deployAndSend({
  command: "npm start",
  name: "local cloud",
  arguments: readArguments(),
  nextSteps: ({ surroundings, cloud: { plane } }) =>
    `  npm start                  deploys again what you change in Pulumi.local.yaml: a host's name, a second host, SPF
  npm start -- --keep        keeps the DNS up: dig @127.0.0.1 -p ${plane.dns.port} ${surroundings.domain} TXT
  npm run local:destroy      takes everything away
  README.md                  "Going to production": the same program on AWS and Cloudflare`,
});
