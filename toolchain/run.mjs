// placeholder until the toolchain lands
import { spawnSync } from "node:child_process";
const r = spawnSync(new URL("../node_modules/.bin/node", import.meta.url).pathname, process.argv.slice(2), { stdio: "inherit" });
process.exit(r.status ?? 1);
