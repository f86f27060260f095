import path from "node:path";
import { readArguments } from "../arguments.ts";
import { deployAndSend } from "../deploy-and-send.ts";
import { projectFolder } from "../stack.ts";
import { labDataPlane } from "./lab-data-plane.ts";
import { labHindrance } from "./requirements.ts";

// `npm run lab`: as `npm start`, but the hosts are real. Each boots a Debian that runs the stack's own user data; its
// Postfix sends to another Postfix, which is strict. Linux only, as root.

// Before anything is fetched or built.
const hindrance = labHindrance();
if (hindrance === undefined)
  await deployAndSend({
    command: "npm run lab",
    name: "lab",
    arguments: readArguments(process.argv.slice(2), {
      folder: path.join(projectFolder, ".okmail", "lab"),
      stack: "lab",
    }),
    dataPlane: (terms) => (options) => labDataPlane({ ...options, ...terms }),
    nextSteps: ({ surroundings, cloud: { plane } }) =>
      `  npm run lab                boots again what you change in Pulumi.local.yaml: a host's name, a second host, SPF
  npm run lab -- --keep      keeps all of it up: dig @127.0.0.1 -p ${plane.dns.port} ${surroundings.domain} TXT
  npm run lab:destroy        takes everything away`,
  });
else {
  console.error(hindrance);
  process.exitCode = 1;
}
