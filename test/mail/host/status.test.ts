import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HostFolder, python } from "./python.ts";

/** A host on which all is well, but for what $CHANGE does. */
const world = `
import time, types
for name in ["boto3", "botocore", "botocore.config", "botocore.exceptions"]:
    sys.modules[name] = types.ModuleType(name)
sys.modules["botocore"].config = sys.modules["botocore.config"]
sys.modules["botocore"].exceptions = sys.modules["botocore.exceptions"]
sys.modules["botocore.config"].Config = dict
names, parameters, certificate, volume = map(part, ["names", "parameters", "certificate", "volume"])
metrics, status = part("metrics"), part("status")

zone = {
    ("okmail.example.com", "A"): ["192.0.2.10"],
    ("10.2.0.192.in-addr.arpa", "PTR"): ["okmail.example.com"],
    ("gmail.com", "MX"): ["5 mx.gmail.com"],
}
metadata = {"public-ipv4": "192.0.2.10"}
mounted = True
free = 0.5
smtp = "answers"

def look_up(name, kind):
    if zone is None: raise host.Fault("no DNS answer")
    return zone.get((name, kind), [])
class Smtp:
    def __init__(self, name, **options):
        if smtp != "answers": raise OSError(smtp)
    def quit(self): pass

names.look_up = look_up
host.metadata = metadata.get
host.machine_time = lambda: None
os.path.ismount = lambda path: mounted
os.statvfs = lambda path: types.SimpleNamespace(f_bavail=free * 1000, f_blocks=1000, f_favail=900, f_files=1000)
status.smtplib.SMTP = Smtp
certificate.deploy()
for key in host.facts()["dkim"]:
    public = parameters.public_key(host.read(key["file"]), key["algorithm"])
    zone[key["selector"] + "._domainkey.example.com", "TXT"] = [f"v=DKIM1; p={public}"]
host.write(parameters.PASSWORDS, "app:x")
host.report("parameters", {})
exec(os.environ["CHANGE"])
sys.exit(status.show(("--json",)))
`;

interface Finding {
  readonly subject: string;
  readonly severity: "ok" | "warning" | "critical";
  readonly says: string;
}

describe.skipIf(python === "")("okmail status", { timeout: 60_000 }, () => {
  let host: HostFolder;

  beforeEach(() => {
    host = new HostFolder();
    host.write("/program/names.py", "");
    const key = (name: string, pair: { privateKey: ReturnType<typeof generateKeyPairSync>["privateKey"] }) =>
      host.write(name, pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    key("/etc/dkimkeys/okmail1.pem", generateKeyPairSync("rsa", { modulusLength: 2048 }));
    key("/etc/dkimkeys/okmail1e.pem", generateKeyPairSync("ed25519"));
    const facts = JSON.parse(host.read("/etc/okmail/host.json")) as {
      acme: unknown;
      dkim: { file: string }[];
    };
    for (const each of facts.dkim) each.file = host.path(each.file);
    host.write("/etc/okmail/host.json", JSON.stringify({ ...facts, acme: null }));
    host.command("postqueue", "true");
    host.command("systemctl", "echo active");
    host.command("systemd-detect-virt", "echo none; exit 1");
    host.command("chronyc", "echo A9FEA97B,169.254.169.123,4,1795531549.1,0.000012,0,0,0,0,0,0,0,16,Normal");
  });
  afterEach(() => host[Symbol.dispose]());

  function show(change = "") {
    const { status, output, errors } = host.run(world, { CHANGE: change });
    expect(errors).toBe("");
    const findings = JSON.parse(output) as Finding[];
    return { status, findings, wrong: findings.filter(({ severity }) => severity !== "ok") };
  }

  test("finds nothing wrong on a good host, looks at everything, and exits with 0", () => {
    const { status, findings, wrong } = show();
    expect(wrong).toEqual([]);
    expect(status).toBe(0);
    expect([...new Set(findings.map(({ subject }) => subject))]).toEqual([
      "queue volume",
      "services",
      "dkim",
      "passwords",
      "tls certificate",
      "queue",
      "disk space",
      "clock",
      "own names",
      "port 25",
    ]);
  });

  const p = "/okmail/example.com";
  test.each<[string, string, Finding["subject"], Finding["severity"], string]>([
    [
      "no volume",
      "mounted = False; host.report('volume', 'vol-1 is gone')",
      "queue volume",
      "critical",
      "vol-1 is gone",
    ],
    ["no volume and no report", "mounted = False", "queue volume", "critical", "not done yet"],
    [
      "a wrong record",
      "zone['okmail1._domainkey.example.com', 'TXT'] = ['p=AAAA']",
      "dkim",
      "critical",
      "publishes ['AAAA']",
    ],
    [
      "no key",
      `os.unlink(host.facts()['dkim'][0]['file']); host.report('parameters', {'${p}/dkim/okmail1': 'may not read it'})`,
      "dkim",
      "critical",
      `mail waits for the key in SSM parameter ${p}/dkim/okmail1: may not read it`,
    ],
    [
      "an old key",
      `host.report('parameters', {'${p}/dkim/okmail1': 'gone'})`,
      "dkim",
      "warning",
      "signs with the key of before",
    ],
    [
      "no password",
      `os.unlink(parameters.PASSWORDS); host.report('parameters', {'${p}/submission/app': 'gone'})`,
      "passwords",
      "critical",
      `SSM parameter ${p}/submission/app: gone`,
    ],
    ["little room", "free = 0.1", "disk space", "warning", "has 10% free"],
    ["no room", "free = 0.01", "disk space", "critical", "has 1% free"],
    ["no address", "metadata.clear()", "own names", "critical", "no public address"],
    [
      "a wrong A",
      "zone['okmail.example.com', 'A'] = ['192.0.2.9']",
      "own names",
      "critical",
      "is ['192.0.2.9'], not 192.0.2.10",
    ],
    [
      "no PTR",
      "del zone['10.2.0.192.in-addr.arpa', 'PTR']",
      "own names",
      "critical",
      "is [], not okmail.example.com",
    ],
    ["no port 25", "smtp = 'timed out'", "port 25", "critical", "mx.gmail.com can't be reached (timed out)"],
    ["no DNS", "zone = None", "own names", "warning", "could not tell: no DNS answer"],
  ])("says of %s what is wrong", (_, change, subject, severity, says) => {
    const { status, wrong } = show(change);
    expect(wrong.map((finding) => finding.subject)).toContain(subject);
    const [finding] = wrong.filter((each) => each.subject === subject);
    expect(finding).toMatchObject({ severity, says: expect.stringContaining(says) as string });
    expect(status).toBe(wrong.some((each) => each.severity === "critical") ? 2 : 1);
  });

  test.each<[string, string, string, string, string, number]>([
    [
      "a service that is down",
      "systemctl",
      "echo failed; exit 3",
      "services",
      "postfix.service is failed",
      2,
    ],
    [
      "a clock without a source",
      "chronyc",
      "echo 0,,0,0,0,0,0,0,0,0,0,0,0,Not synchronised",
      "clock",
      "unchecked, without a time source",
      1,
    ],
    ["a clock that is off", "chronyc", "echo 0,,0,0,-3.5,0,0,0,0,0,0,0,0,Normal", "clock", "-3.5 s off", 1],
    ["no chrony", "chronyc", "echo 506 Cannot talk to daemon; exit 1", "clock", "could not tell", 1],
    [
      "a Postfix that is down",
      "postqueue",
      "echo mail system is down >&2; exit 69",
      "queue",
      "mail system is down",
      1,
    ],
    [
      "an old message",
      "postqueue",
      `echo '{"queue_name":"deferred","arrival_time":1,"recipients":[{"delay_reason":"connect to mx: Connection timed out"}]}'`,
      "queue",
      "1 deferred",
      1,
    ],
  ])("says so of %s", (_, command, script, subject, says, exit) => {
    host.command(command, script);
    const { status, wrong } = show();
    expect(wrong).toMatchObject([{ subject, says: expect.stringContaining(says) as string }]);
    expect(status).toBe(exit);
  });

  test.each([
    [299, "warning", "unchecked"],
    [301, "critical", "301 s off the time in the instance metadata, and Postfix waits"],
    [-301, "critical", "-301 s off"],
  ])("compares a clock without a source with the machine's: %i s off", (off, severity, says) => {
    host.command("chronyc", "echo 0,,0,0,0,0,0,0,0,0,0,0,0,Not synchronised");
    const { wrong } = show(`host.machine_time = lambda: time.time() - ${off}`);
    expect(wrong).toMatchObject([
      { subject: "clock", severity, says: expect.stringContaining(says) as string },
    ]);
  });

  test("says in time what it knows of a host whose checks hang, and which did", () => {
    const began = performance.now();
    const { status, findings, wrong } = show(`
def hang(*_, **__): time.sleep(60)
names.look_up = status.smtplib.SMTP = hang`);
    // On a busy machine; one check alone hangs for a minute.
    expect(performance.now() - began).toBeLessThan(20_000);
    const says = "could not tell within 8 s";
    expect(wrong).toEqual([
      { subject: "dkim", severity: "warning", says },
      { subject: "dkim", severity: "warning", says },
      { subject: "own names", severity: "warning", says },
      { subject: "port 25", severity: "warning", says },
    ]);
    expect(findings.filter(({ subject }) => subject === "disk space")).toHaveLength(2);
    expect(status).toBe(1);
  });

  test("says why mail waits, with an example", () => {
    host.command(
      "postqueue",
      `echo '{"queue_name":"deferred","arrival_time":1,"recipients":[{"delay_reason":"host mx said: 450 later"}]}'`,
    );
    const says = show()
      .findings.filter(({ subject }) => subject === "queue")
      .map((finding) => finding.says);
    expect(says).toContain("1 recipients wait (refused), the last for: host mx said: 450 later");
  });

  test.each([
    [13, "warning"],
    [2, "critical"],
  ])("warns %i days before the certificate ends: %s", (days, severity) => {
    const { wrong } = show(
      `import time; now = time.time(); time.time = lambda: now + (3650 - ${days} - 0.5) * 86400`,
    );
    expect(wrong).toMatchObject([{ subject: "tls certificate", severity }]);
  });

  test("is for people without --json: the severity, the subject and what it is, a line each", () => {
    const { output } = host.run(world.replace('("--json",)', "()"), { CHANGE: "mounted = False" });
    const lines = output.trimEnd().split("\n");
    expect(lines[0]).toBe("CRITICAL  queue volume: not mounted, so Postfix doesn't run: not done yet");
    for (const line of lines) expect(line).toMatch(/^(ok {8}|warning {3}|CRITICAL {2})[a-z0-9 ]+: ./);
  });
});
