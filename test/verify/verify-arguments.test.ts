import { describe, expect, test } from "vitest";
import { readVerifyArguments } from "../../verify/verify-arguments.ts";

const sender = ["--domain", "example.com", "--address", "192.0.2.10", "--helo", "okmail.example.com"];

describe("the command line", () => {
  test("describes a sender", () => {
    const args = [...sender, "--selector", "S1", "--address", "2001:db8::10"];
    expect(readVerifyArguments(args).source).toEqual({
      kind: "sender",
      domain: "example.com",
      helo: "okmail.example.com",
      addresses: ["192.0.2.10", "2001:db8::10"],
      selectors: ["s1"],
    });
  });

  test("names a stack, or a file", () => {
    expect(readVerifyArguments(["--stack", "prod"]).source).toEqual({ kind: "stack", name: "prod" });
    expect(readVerifyArguments(["--outputs", "-"]).source).toEqual({ kind: "outputs", file: "-" });
  });

  test("asks several resolvers if nobody names any", () => {
    const { resolvers } = readVerifyArguments(["--stack", "prod"]);
    expect(resolvers.length).toBeGreaterThanOrEqual(3);
  });

  test("says where to connect in place of what", () => {
    const args = [...sender, "--resolver", "127.0.0.1:5300", "--connect-to", "192.0.2.10=127.0.0.1:2525"];
    const { resolvers, connections } = readVerifyArguments(args);
    expect(resolvers).toEqual([{ address: "127.0.0.1", port: 5300, name: "127.0.0.1:5300" }]);
    expect(connections).toEqual([
      [
        { address: "192.0.2.10", port: 25 },
        { address: "127.0.0.1", port: 2525 },
      ],
    ]);
  });

  test("has its format, its times and where the probe listens", () => {
    const args = [
      ...sender,
      "--json",
      "--watch",
      "--interval",
      "5s",
      "--time-limit",
      "2m",
      "--probe",
      ":2525",
    ];
    expect(readVerifyArguments(args)).toMatchObject({
      format: "json",
      watch: true,
      interval: 5_000,
      timeLimit: 120_000,
      probe: { address: "0.0.0.0", port: 2525 },
      connect: true,
      blocklists: true,
    });
    expect(readVerifyArguments([...sender, "--dns-only", "--no-blocklists"])).toMatchObject({
      format: "terminal",
      connect: false,
      blocklists: false,
    });
  });
});

describe("what is wrong is named, with what to write", () => {
  test.each<[string[], string]>([
    [
      [],
      "nobody says what to verify: give --stack NAME, --outputs FILE, or --domain with --address and --helo",
    ],
    [["--stack", "prod", "--outputs", "x"], "--stack and --outputs are both given"],
    [["--stack", "prod", "--helo", "x.example"], "--stack and --domain are both given"],
    [["--stack", ""], "--stack is empty"],
    [["--outputs", ""], "--outputs is empty"],
    [["--domain", "example.com"], "--address is missing"],
    [["--domain", "example.com", "--address", "192.0.2.10"], "--helo is missing"],
    [
      ["--domain", "example.com", "--address", "192.0.2.300", "--helo", "x.y"],
      '--address is "192.0.2.300", which is no IP address',
    ],
    [
      ["--domain", "exa mple.com", "--address", "192.0.2.10", "--helo", "x.y"],
      '--domain is "exa mple.com", which has a space',
    ],
    [[...sender, "--selector", "a b"], '--selector is "a b", which has " "'],
    [[...sender, "--resolver", "dns.example"], '--resolver is "dns.example". Give the address of a resolver'],
    [[...sender, "--resolver", "192.0.2.53:0"], '--resolver is "192.0.2.53:0"'],
    [[...sender, "--resolver", "[192.0.2.53]:53"], '--resolver is "[192.0.2.53]:53"'],
    [[...sender, "--connect-to", "192.0.2.10"], '--connect-to is "192.0.2.10". Give two addresses'],
    [[...sender, "--connect-to", "a=b"], '--connect-to is "a=b"'],
    [[...sender, "--probe", "port"], '--probe is "port". Give where to listen'],
    [[...sender, "--json", "--markdown"], "--json and --markdown are both given"],
    [[...sender, "--html", ""], "--html is empty"],
    [[...sender, "--interval", "1s"], "--interval is 1s; give at least 5s"],
    [[...sender, "--interval", "soon"], '--interval is "soon", which is no time'],
    [[...sender, "--time-limit", "99d"], '--time-limit is "99d", which is no time up to 24d'],
    [[...sender, "--color"], "Unknown option '--color'"],
    [[...sender, "extra"], "Unexpected argument 'extra'"],
  ])("%j", (args, message) => {
    expect(() => readVerifyArguments(args)).toThrow(message);
  });
});
