import { describe, expect, test } from "vitest";
import { readWatchArguments } from "../../../verify/watch/watch-arguments.ts";

const stack = ["--stack", "prod", "--state", "watch.json"];
const arn = "arn:aws:sns:eu-central-1:123456789012:okmail";
const mail = [...stack, "--mail", "ops@example.net"];

describe("the command line of okmail watch", () => {
  test("takes whom to watch as okmail verify does, and where the state is", () => {
    expect(readWatchArguments([...stack, "--dns-only", "--resolver", "127.0.0.1:5300"])).toMatchObject({
      source: { kind: "stack", name: "prod" },
      state: "watch.json",
      resolvers: [{ address: "127.0.0.1", port: 5300 }],
      connect: false,
      blocklists: true,
      patience: 3,
      json: false,
      metrics: undefined,
      markdown: undefined,
      audience: undefined,
    });
  });

  test("takes a topic", () => {
    expect(readWatchArguments([...stack, "--sns-topic", arn]).audience).toEqual({ kind: "topic", arn });
    const china = "arn:aws-cn:sns:cn-north-1:123456789012:okmail";
    expect(readWatchArguments([...stack, "--sns-topic", china]).audience).toEqual({
      kind: "topic",
      arn: china,
    });
  });

  test.each([
    ["smtp://mx.example.net", { host: "mx.example.net", port: 25, tls: false }],
    ["smtp://mx.example.net:2525/", { host: "mx.example.net", port: 2525, tls: false }],
    ["smtp://[2001:db8::25]", { host: "2001:db8::25", port: 25, tls: false }],
    ["smtps://mx.example.net", { host: "mx.example.net", port: 465, tls: true }],
    [
      "smtp://ops%40example.net@mx.example.net",
      {
        host: "mx.example.net",
        port: 587,
        tls: false,
        login: { user: "ops@example.net", password: "secret" },
      },
    ],
  ])("takes the mail server %s", (smtp, server) => {
    const { audience } = readWatchArguments([...mail, "--smtp", smtp], { OKMAIL_SMTP_PASSWORD: "secret" });
    expect(audience).toEqual({ kind: "mail", to: "ops@example.net", from: undefined, server });
  });

  test.each<[string[], string]>([
    [["--stack", "prod"], "--state is missing: give the file that keeps what was told"],
    [["--state", "x"], "nobody says what to verify"],
    [["--stack", "prod", "--state", ""], "--state is empty; give a file"],
    [[...stack, "--metrics", ""], "--metrics is empty"],
    [[...stack, "--patience", "0"], '--patience is "0"; give a number of runs from 1 to 100'],
    [[...stack, "--patience", "some"], '--patience is "some"'],
    [
      [...stack, "--sns-topic", "okmail"],
      '--sns-topic "okmail" is no ARN of an SNS topic. Give one such as arn:aws',
    ],
    [[...stack, "--sns-topic", `${arn}.fifo`], "is a FIFO topic, which sends no mail"],
    [[...mail, "--smtp", "smtp://x", "--sns-topic", arn], "--sns-topic and --mail are both given"],
    [mail, "--smtp is missing"],
    [[...stack, "--smtp", "smtp://x"], "--smtp goes with --mail ADDRESS"],
    [[...stack, "--mail-from", "a@example.net"], "--mail-from goes with --mail ADDRESS"],
    [[...stack, "--mail", "ops", "--smtp", "smtp://x"], '--mail is "ops", which'],
    [[...mail, "--smtp", "smtp://x", "--mail-from", "x"], '--mail-from is "x", which'],
    [[...mail, "--smtp", "mx.example.net"], '--smtp is "mx.example.net". Give the server as smtp://'],
    [[...mail, "--smtp", "https://mx.example.net"], '--smtp is "https://mx.example.net"'],
    [
      [...mail, "--smtp", "smtp://a@mx.example.net"],
      "--smtp names the user a, and OKMAIL_SMTP_PASSWORD is not set",
    ],
    [[...stack, "--watch"], "Unknown option '--watch'"],
  ])("is refused with what to write: %j", (args, message) => {
    expect(() => readWatchArguments(args)).toThrow(message);
  });

  test("never repeats a password", () => {
    const wrong = () => readWatchArguments([...mail, "--smtp", "smtp://a:hunter2@mx.example.net"]);
    expect(wrong).toThrow("--smtp has a password in it; put that into OKMAIL_SMTP_PASSWORD");
    expect(wrong).not.toThrow("hunter2");
  });
});
