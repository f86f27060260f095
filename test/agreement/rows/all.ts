import type { Row } from "../row.ts";
import { addressRows, natRows } from "./addresses.ts";
import { rawRows, recordRows } from "./foreign.ts";
import { relayRows, userDataRows } from "./hosts.ts";
import { mxRows } from "./mx.ts";
import { nameRows, pairRows } from "./names.ts";
import { dkimRows, dmarcRows } from "./policies.ts";
import { spfRows } from "./spf.ts";

/** All misconfigurations, and the good stacks that they come from. */
export const rows: readonly Row[] = [
  ...nameRows,
  ...pairRows,
  ...addressRows,
  ...natRows,
  ...spfRows,
  ...mxRows,
  ...dkimRows,
  ...dmarcRows,
  ...userDataRows,
  ...relayRows,
  ...rawRows,
  ...recordRows,
];
