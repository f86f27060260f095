/** A process that writes to a store until it is killed: `node store-writer.ts FOLDER`. Says each change after it was made. */
import { writeSync } from "node:fs";
import { CloudStore } from "../../local/store.ts";

const store = CloudStore.open(process.argv[2] ?? "");
const known = store.list("test:index:Half").length / 2;
for (let number = known + 1; ; number++) {
  store.transact((cloud) => {
    for (const half of ["left", "right"]) {
      const inputs = { number, secret: "x".repeat(200) };
      const id = `${half}-${number}`;
      cloud.insert({
        type: "test:index:Half",
        id,
        urn: `urn:${id}`,
        inputs,
        outputs: {},
        secrets: ["secret"],
      });
    }
    cloud.setFact("number", number);
  });
  writeSync(1, `${number}\n`);
}
