import { expect, test } from "vitest";
import { labHindrance } from "../../../local/lab/requirements.ts";

test("root on Linux is fine", () => {
  expect(labHindrance({ platform: "linux", uid: 0 })).toBeUndefined();
});

test.each([
  ["darwin", 0, "needs Linux"],
  ["win32", undefined, "needs Linux"],
  ["linux", 1000, "needs root"],
] as const)("%s as user %s is told what it lacks, and what works there", (platform, uid, words) => {
  const hindrance = labHindrance({ platform, uid });
  expect(hindrance).toContain(words);
  expect(hindrance).toContain("npm start");
});
