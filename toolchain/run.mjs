// node toolchain/run.mjs SCRIPT [ARGUMENTS…]
//
// Every npm script starts here, with whatever Node the machine has and perhaps before any dependency is installed.
// Keep this file to syntax and modules that old versions of Node understand, so that they get as far as the message.

const oldest = 20;

if (Number.parseInt(process.versions.node, 10) < oldest) {
  console.error(
    `This is Node ${process.versions.node}; okmail needs Node ${oldest} or newer to start. ` +
      "Install the current LTS version from https://nodejs.org and try again.",
  );
  process.exit(1);
}

import("./run/main.mjs").then(({ main }) => main(process.argv.slice(2)));
