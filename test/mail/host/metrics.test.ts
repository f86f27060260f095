import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HostFolder, python } from "./python.ts";

const message = (queue: string, ...reasons: string[]) =>
  JSON.stringify({
    queue_name: queue,
    queue_id: "4jYlws0f19zDS2",
    arrival_time: 1000,
    message_size: 300,
    recipients: reasons.map((reason) => ({
      address: "b@example.net",
      ...(reason !== "" && { delay_reason: reason }),
    })),
  });

describe.skipIf(python === "")("okmail metrics", { timeout: 60_000 }, () => {
  let host: HostFolder;
  beforeEach(() => {
    host = new HostFolder();
    host.command("journalctl", "exit 1");
  });
  afterEach(() => host[Symbol.dispose]());

  const queue = (...lines: string[]) => {
    host.write("/queue", lines.map((line) => `${line}\n`).join(""));
    host.command("postqueue", `cat ${host.path("/queue")}`);
  };
  const exported = (): ReadonlyMap<string, number> => {
    const { status, errors } = host.run("import time; time.time = lambda: 1090; part('metrics').export()");
    expect({ status, errors }).toEqual({ status: 0, errors: "" });
    const samples = host
      .read("/var/lib/prometheus/node-exporter/okmail.prom")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      samples.map((line) => [line.replace(/ [^ ]*$/, ""), Number(line.replace(/.* /, ""))] as const),
    );
  };

  test("counts each queue, and says zero of an empty one", () => {
    queue(message("deferred", "x"), message("deferred", "x"), message("active", ""));
    const samples = exported();
    expect(samples.get('okmail_queue_messages{queue="deferred"}')).toBe(2);
    expect(samples.get('okmail_queue_messages{queue="active"}')).toBe(1);
    expect(samples.get('okmail_queue_messages{queue="hold"}')).toBe(0);
    expect(samples.get('okmail_queue_oldest_seconds{queue="deferred"}')).toBe(90);
    queue();
    expect(exported().get('okmail_queue_messages{queue="deferred"}')).toBe(0);
  });

  test.each([
    ["refused", "host mx.example.net[203.0.113.25] said: 450 4.7.1 try later (in reply to RCPT TO command)"],
    ["refused", "host mx.example.net[203.0.113.25] refused to talk to me: 421 4.7.28 too many connections"],
    [
      "dns",
      "Host or domain name not found. Name service error for name=example.net type=MX: Host not found, try again",
    ],
    ["connection", "connect to mx.example.net[203.0.113.25]:25: Connection timed out"],
    ["connection", "connect to mx.example.net[203.0.113.25]:25: Connection refused"],
    [
      "connection",
      "lost connection with mx.example.net[203.0.113.25] while receiving the initial server greeting",
    ],
    ["tls", "TLS is required, but was not offered by host mx.example.net[203.0.113.25]"],
    ["tls", "Server certificate not trusted"],
    ["other", "mail transport unavailable"],
  ])("takes for %s: %s", (reason, text) => {
    queue(message("deferred", text, text, ""));
    for (const [name, value] of exported())
      if (name.startsWith("okmail_deferred_recipients"))
        expect(value, name).toBe(name.includes(`"${reason}"`) ? 2 : 0);
  });

  test("adds up deliveries to other hosts over runs and boots", () => {
    queue();
    const line = (relay: string, status: string) =>
      `4jY: to=<b@example.net>, relay=${relay}, delay=1, dsn=2.0.0, status=${status} (250 ok)`;
    host.write("/lines", `${line("mx.example.net[203.0.113.25]:25", "sent")}\n${line("local", "sent")}\n`);
    host.command("journalctl", `cat ${host.path("/lines")}`);
    exported();
    host.write(
      "/lines",
      `${line("mx.example.net[203.0.113.25]:25", "sent")}\n${line("m[203.0.113.9]:25", "bounced")}\n`,
    );
    const samples = exported();
    expect(samples.get('okmail_deliveries_total{status="sent"}')).toBe(2);
    expect(samples.get('okmail_deliveries_total{status="bounced"}')).toBe(1);
  });

  test("leaves the numbers of before when Postfix doesn't answer", () => {
    queue(message("hold"));
    exported();
    host.command("postqueue", 'echo "postqueue: fatal: mail system is down" >&2; exit 69');
    expect(host.run("part('metrics').export()")).toMatchObject({
      status: 1,
      errors: expect.stringContaining("mail system is down") as string,
    });
    expect(host.read("/var/lib/prometheus/node-exporter/okmail.prom")).toContain('{queue="hold"} 1\n');
  });

  test("takes no more memory for a long queue than for a short one", () => {
    const peak = (count: number) => {
      host.command("postqueue", `yes '${message("deferred", "x".repeat(200))}' | head -n ${count}`);
      return host.value(
        "import resource; part('metrics').queue()",
        "resource.getrusage(resource.RUSAGE_SELF).ru_maxrss",
      ) as number;
    };
    // Kilobytes; 50,000 messages have 17 MB.
    expect(peak(50_000) - peak(10)).toBeLessThan(2_000);
  });
});
