import { expect, test } from "vitest";
import { durationText } from "../../verify/delist-text.ts";
import { readDelistArguments } from "../../verify/delist-arguments.ts";

test("an address alone is watched with the standard lists", () => {
  expect(readDelistArguments(["192.0.2.66"])).toEqual({
    subject: "192.0.2.66",
    lists: [],
    nameServers: [],
    watch: true,
    interval: 900_000,
    timeLimit: 604_800_000,
  });
});

test("all may be said", () => {
  const args = [
    "--list",
    "psbl",
    "--list=spamcop",
    "Example.COM.",
    "--no-watch",
    "--interval",
    "6h",
    "--time-limit",
    "30d",
  ];
  const servers = ["--name-server", "127.0.0.1:5300", "--name-server=2001:db8::53", "--name-server=[::1]:53"];
  expect(readDelistArguments([...args, ...servers])).toEqual({
    subject: "example.com",
    lists: ["psbl", "spamcop"],
    nameServers: ["127.0.0.1:5300", "2001:db8::53", "[::1]:53"],
    watch: false,
    interval: 21_600_000,
    timeLimit: 2_592_000_000,
  });
});

test.each<[string[], RegExp]>([
  [[], /the address is missing: write okmail delist ADDRESS/],
  [["192.0.2.66", "192.0.2.67"], /one address at a time: "192\.0\.2\.67" is too much/],
  [["192.0.2"], /"192\.0\.2" is neither an address nor a domain/],
  [["192.0.2.66", "--interval", "10s"], /--interval is 10s; give at least 1m/],
  [["192.0.2.66", "--interval", "60d"], /at most 24d/],
  [["192.0.2.66", "--interval", "soon"], /--interval is "soon", which is no time\. Give a number and a unit/],
  [["192.0.2.66", "--time-limit", "0h"], /--time-limit is "0h"/],
  [["192.0.2.66", "--name-server", "dns.example"], /--name-server is "dns\.example"\. Give the address/],
  [["192.0.2.66", "--name-server", "127.0.0.1:0"], /--name-server/],
  [["192.0.2.66", "--watchful"], /--watchful/],
])("%j is refused with what to write instead", (args, message) => {
  expect(() => readDelistArguments(args)).toThrow(message);
});

test.each([
  [0, "0 s"],
  [59_400, "59 s"],
  [61_000, "1 min 1 s"],
  [3_600_000, "1 h"],
  [7_500_000, "2 h 5 min"],
  [90_061_000, "1 d 1 h"],
  [86_460_000, "1 d"],
])("%d milliseconds are %s", (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text);
});
