import { openSession } from "../../local/session.ts";

// What `npm start` does up to the end of `pulumi up`, in a process that a test can kill. Arguments: folder, configuration
// file. Writes a line for each thing that the engine begins and ends.

const [folder = "", configFile = ""] = process.argv.slice(2);
const session = await openSession({ folder, configFile, report: (line) => console.log(line) });
await session.stack.up({
  onEvent: ({ resourcePreEvent: begun, resOutputsEvent: ended }) => {
    if (begun) console.log(`begin ${begun.metadata.urn.split("::").at(-1) ?? ""}`);
    if (ended) console.log(`end ${ended.metadata.urn.split("::").at(-1) ?? ""}`);
  },
});
await session.close();
