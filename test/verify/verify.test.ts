// The whole of a verification over real DNS, SMTP and HTTPS on loopback: what it says of a sender about which one thing is
// wrong.

import { afterEach, describe, expect, test } from "vitest";
import { complaints, findingsOf, World } from "./world.ts";

const world = new World();
afterEach(() => world.close());

describe("a sender about which everything agrees", () => {
  test("gets no complaint but that no resolver validates", async () => {
    const report = await world.verify();
    expect(complaints(report)).toEqual(["dnssec-validates unclear"]);
    expect(report.verdict).toBe("good");
    expect(findingsOf(report, "dns-is-consistent").map(({ message }) => message)).toEqual([
      "resolver 1 and the name server of the zones say the same to 10 questions.",
      "resolver 1 and the name server of the zones say the same to 5 questions.",
    ]);
  });
});
