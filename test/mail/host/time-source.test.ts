import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HostFolder, python } from "./python.ts";

const NO_SOURCE = "echo 0,,0,0,0,0,0,0,0,0,0,0,0,Not synchronised";
const SYNCHRONIZED = "echo A9FEA97B,169.254.169.123,4,1795531549.1,0.000012,0,0,0,0,0,0,0,16,Normal";
const NO_CHRONYD = "echo 506 Cannot talk to daemon; exit 1";

describe.skipIf(python === "")("okmail clock, before Postfix starts", { timeout: 60_000 }, () => {
  let host: HostFolder;
  beforeEach(() => {
    host = new HostFolder();
  });
  afterEach(() => host[Symbol.dispose]());

  /** With a clock that is so many seconds off the machine's, or a machine that doesn't say. */
  function check(chronyc: string, off: number | "unknown") {
    host.command("chronyc", chronyc);
    const { status, errors } = host.run(
      `
import time
machine = ${off === "unknown" ? "None" : `time.time() - ${off}`}
host.machine_time = lambda: machine
try: part("time_source").check()
except host.Fault as fault: sys.exit(str(fault))`,
    );
    return { status, errors: errors.trim() };
  }

  test.each<[string, string, number | "unknown"]>([
    ["chronyd has set", SYNCHRONIZED, 86_400],
    ["agrees with the machine's where chronyd has no source", NO_SOURCE, 2],
    ["agrees with the machine's where chronyd doesn't run", NO_CHRONYD, -2],
    ["nobody can tell anything of", NO_SOURCE, "unknown"],
  ])("takes a clock that %s", (_, chronyc, off) =>
    expect(check(chronyc, off)).toEqual({ status: 0, errors: "" }),
  );

  test.each([
    ["days ahead", NO_SOURCE, 432_000],
    ["days behind", NO_CHRONYD, -432_000],
  ])("refuses one that is %s, and says by how much", (_, chronyc, off) =>
    expect(check(chronyc, off)).toEqual({
      status: 1,
      errors: `the clock is ${off} s off the time in the instance metadata`,
    }),
  );
});
