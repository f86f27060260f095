// npm run pack:policy [-- FOLDER]
//
// Makes the npm package of the policy pack in FOLDER, which is the current one if none is given.

import { packPolicy } from "./package.ts";

try {
  const [folder = "."] = process.argv.slice(2);
  console.log(await packPolicy(folder));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
