import { readArguments } from "./arguments.ts";
import { consoleOn } from "./console.ts";
import { openSession } from "./session.ts";

// `npm run local:repair`: makes the stack usable again after a run was killed. `npm start` does the same first; this
// command does nothing else.

const screen = consoleOn(process.stdout);
try {
  const repairs: string[] = [];
  const session = await openSession({
    ...readArguments(),
    report: (line) => {
      repairs.push(line);
      screen.text(line);
    },
  });
  await session.close();
  screen.done(repairs.length > 0 ? "The stack is usable again." : "There was nothing to repair.");
} catch (error) {
  screen.text(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
