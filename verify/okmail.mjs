#!/usr/bin/env node
// The command `okmail`, for the PATH: okmail.ts under the project's own Node, with whatever Node the machine has.

import { fileURLToPath } from "node:url";

process.argv.splice(2, 0, fileURLToPath(new URL("./okmail.ts", import.meta.url)));
await import("../toolchain/run.mjs");
