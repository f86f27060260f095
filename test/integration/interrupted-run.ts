import { openSession } from "../../local/session.ts";

// What `npm start` does up to the end of `pulumi up`, in a process that ends abruptly. Arguments: folder, configuration
// file, and a resource type: as soon as the cloud has a resource of it, the process kills itself, before the engine hears
// of it. Without a type it waits to be killed, and writes a line for each thing that the engine begins and ends.

const [folder = "", configFile = "", fatalType] = process.argv.slice(2);
const session = await openSession({ folder, configFile, report: (line) => console.log(line) });
session.cloud.store.onChange(({ deltas }) => {
  if (deltas.some(({ before, after }) => before === undefined && after?.type === fatalType))
    process.kill(process.pid, "SIGKILL");
});
await session.stack.up({
  onEvent: ({ resourcePreEvent: begun, resOutputsEvent: ended }) => {
    if (begun) console.log(`begin ${begun.metadata.urn.split("::").at(-1) ?? ""}`);
    if (ended) console.log(`end ${ended.metadata.urn.split("::").at(-1) ?? ""}`);
  },
});
await session.close();
