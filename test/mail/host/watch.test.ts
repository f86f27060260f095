import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { standardTable } from "../../../mail/blocklists.ts";
import { shortPython } from "../../../mail/host/programs.ts";
import { packed, watchProgram } from "../../../mail/host/watch.ts";
import { HostFolder, python } from "./python.ts";

const topic = "arn:aws:sns:eu-west-1:123456789012:okmail";

/** Stands in for boto3: what is published goes to $ROOT/published, unless $SNS is the code of an error. */
const boto3 = `
import json, os
from botocore.exceptions import ClientError

class Client:
    def publish(self, **message):
        if os.environ.get("SNS"):
            raise ClientError(os.environ["SNS"])
        with open(os.environ["ROOT"] + "/published", "a") as file:
            file.write(json.dumps(message) + "\\n")

def client(service, region_name, config):
    assert (service, region_name) == ("sns", "eu-west-1")
    return Client()
`;

/** Runs the program for $TO with the DNS $ZONE, in which a name that is null doesn't answer. */
const world = `
names, metrics, parameters = map(part, ["names", "metrics", "parameters"])
zone = json.loads(os.environ["ZONE"])
def look_up(name, kind):
    assert kind == "A"
    if zone.get(name, []) is None: raise host.Fault(f"no DNS answer for {name} A")
    return zone.get(name, [])
names.look_up = look_up
host.metadata = {"public-ipv4": "192.0.2.10"}.get
watch = part("watch")
try:
    watch.run(os.environ["TO"], json.loads(os.environ["LISTS"]))
except host.Fault as fault:
    print(fault)
`;

const lists = [
  {
    zone: "zen.test",
    lists: "addresses",
    codes: ["127.0.0.2", "127.0.0.4"],
    tests: ["2.0.0.127", "1.0.0.127"],
  },
  { zone: "dbl.test", lists: "domains", codes: ["127.0.1.2"], tests: ["test.example", "invalid"] },
];
/** Both lists work, and list nobody. */
const clean = { "2.0.0.127.zen.test": ["127.0.0.2"], "test.example.dbl.test": ["127.0.1.2"] };
const own = "10.2.0.192.zen.test";

type Severity = "ok" | "warning" | "critical";
type Zone = Readonly<Record<string, readonly string[] | null>>;

describe.skipIf(python === "")("okmail watch on a host", { timeout: 60_000 }, () => {
  let host: HostFolder;

  beforeEach(() => {
    host = new HostFolder();
    host.module("boto3.py", boto3);
    host.module("botocore/__init__.py", "");
    host.module("botocore/config.py", "Config = dict");
    host.module(
      "botocore/exceptions.py",
      "class ClientError(Exception): pass\nclass BotoCoreError(Exception): pass",
    );
    host.write("/program/names.py", "");
    const source = readFileSync(join(import.meta.dirname, "../../../mail/host/fetched/watch.py"), "utf8");
    host.write("/program/watch.py", shortPython(source));
    host.command("sendmail", `cat > ${host.path("/letter")}.$(ls ${host.root} | grep -c ^letter)`);
    says({});
  });
  afterEach(() => host[Symbol.dispose]());

  /** What `okmail status` finds on the next run, by subject. */
  function says(findings: Readonly<Record<string, readonly (readonly [Severity, string])[]>>): void {
    const all = Object.entries({
      "own names": [
        ["ok", "A fits"],
        ["ok", "PTR fits"],
      ],
      ...findings,
    });
    const json = all.flatMap(([subject, each]) =>
      each.map(([severity, text]) => ({ subject, severity, says: text })),
    );
    host.write("/status.json", JSON.stringify(json));
    host.command("okmail", `[ "$*" = "status --json" ] && cat ${host.path("/status.json")}; exit 2`);
  }

  /** Runs the program once. What it prints. */
  function run(zone: Zone = {}, environment: Readonly<Record<string, string>> = {}): string {
    const { errors, output } = host.run(world, {
      TO: "ops@example.net",
      ZONE: JSON.stringify({ ...clean, ...zone }),
      LISTS: JSON.stringify(lists),
      ...environment,
    });
    expect(errors).toBe("");
    return output.trim();
  }
  function runs(count: number, zone: Zone = {}, environment: Readonly<Record<string, string>> = {}): void {
    for (let number = 0; number < count; number++) expect(run(zone, environment)).toBe("");
  }

  const letters = () => {
    const found: string[] = [];
    for (let number = 0; ; number++) {
      try {
        found.push(host.read(`/letter.${number}`));
      } catch {
        return found;
      }
    }
  };
  const wrongPtr = {
    "own names": [
      ["ok", "A fits"],
      ["critical", "10.2.0.192.in-addr.arpa is ['x'], not y"],
    ],
  } as const;

  test("says nothing while nothing changes", () => {
    runs(3);
    expect(letters()).toEqual([]);
  });

  test("tells once what is wrong, and once that it is over", () => {
    runs(2);
    says(wrongPtr);
    runs(3);
    expect(letters()).toHaveLength(1);
    expect(letters()[0]).toBe(
      [
        "From: postmaster@example.com",
        "To: ops@example.net",
        "Subject: okmail: okmail.example.com: 1 wrong",
        "Auto-Submitted: auto-generated",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: 7bit",
        "MIME-Version: 1.0",
        "",
        "Changed:",
        "critical: own names: 10.2.0.192.in-addr.arpa is ['x'], not y",
        "",
        "Wrong now:",
        "critical: own names: 10.2.0.192.in-addr.arpa is ['x'], not y",
        "",
      ].join("\n"),
    );
    says({});
    runs(3);
    expect(letters()).toHaveLength(2);
    expect(letters()[1]).toContain("Subject: okmail: okmail.example.com: all is well again\n");
    expect(letters()[1]).toContain("\nChanged:\nok: own names: PTR fits\n\nWrong now:\nnothing\n");
  });

  test("takes what one run alone sees for nothing, and what comes and goes too", () => {
    for (const findings of [wrongPtr, {}, wrongPtr, {}]) {
      says(findings);
      runs(1);
    }
    says(wrongPtr);
    runs(2);
    for (const findings of [
      {},
      wrongPtr,
      { "own names": [["warning", "could not tell: no DNS"]] },
      wrongPtr,
    ] as const) {
      says(findings);
      runs(1);
    }
    expect(letters()).toHaveLength(1);
  });

  test("takes another text for no change: it has times and numbers", () => {
    for (const hours of ["4.1", "4.2", "4.3", "4.4"]) {
      says({ queue: [["warning", `9 deferred; the oldest for ${hours} hours`]] });
      runs(1);
    }
    expect(letters()).toHaveLength(1);
  });

  test("tells of a second fault of the same check, and of one that weighs more", () => {
    says({
      services: [
        ["critical", "a is failed"],
        ["ok", "b"],
      ],
    });
    runs(2);
    says({
      services: [
        ["critical", "a is failed"],
        ["critical", "b is failed"],
      ],
    });
    runs(2);
    says({
      services: [
        ["critical", "a is failed"],
        ["warning", "b is odd"],
      ],
    });
    runs(2);
    expect(letters().map((letter) => /Subject: .*: (.*)/.exec(letter)?.[1])).toEqual([
      "1 wrong",
      "2 wrong",
      "2 wrong",
    ]);
  });

  test("keeps what a check had said while it can't be made, and tells that it can't", () => {
    says(wrongPtr);
    runs(2);
    says({ "own names": [["warning", "could not tell: no DNS answer"]] });
    runs(3);
    expect(letters()).toHaveLength(2);
    expect(letters()[1]).toContain("Changed:\ncould not tell: own names: could not tell: no DNS answer\n");
    expect(letters()[1]).toContain("critical: own names: 10.2.0.192.in-addr.arpa is");
    says({});
    runs(2);
    expect(letters()[2]).toContain("all is well again");
  });

  test("takes for over what its check doesn't mention any more", () => {
    says({
      queue: [
        ["ok", "many"],
        ["warning", "they wait"],
      ],
    });
    runs(2);
    says({ queue: [["ok", "none"]] });
    runs(2);
    expect(letters()[1]).toContain("\nok: over: queue: they wait\n");
  });

  test.each<[what: string, zone: Zone, severity: string, says: string]>([
    [
      "that has the address",
      { [own]: ["127.0.0.4"] },
      "critical",
      "zen.test lists 192.0.2.10: {'127.0.0.4'}; okmail delist 192.0.2.10",
    ],
    [
      "that has the domain",
      { "example.com.dbl.test": ["127.0.1.2"] },
      "critical",
      "dbl.test lists example.com: ",
    ],
    ["that refuses", { [own]: ["127.255.255.254"] }, "could not tell", "zen.test answers "],
    [
      "that is parked",
      { [own]: ["203.0.113.7"] },
      "could not tell",
      "doesn't say whether it lists 192.0.2.10",
    ],
    [
      "that is dead",
      { "2.0.0.127.zen.test": [] },
      "could not tell",
      "zen.test answers [set(), set(), set()]",
    ],
    [
      "that has everybody",
      { "1.0.0.127.zen.test": ["127.0.0.2"], [own]: ["127.0.0.2"] },
      "could not tell",
      "zen.test answers ",
    ],
    ["that is silent", { [own]: null }, "could not tell", "no DNS answer for 10.2.0.192.zen.test A"],
    ["that has another code", { [own]: ["127.0.0.99"] }, "could not tell", "127.0.0.99"],
  ])("says of a blocklist %s what it is", (_, zone, severity, text) => {
    runs(1, zone);
    expect(letters()).toEqual([]);
    runs(2, zone);
    expect(letters()).toHaveLength(1);
    const changed = /Changed:\n(.*)\n/.exec(letters()[0]?.replace(/=\n/g, "") ?? "")?.[1] ?? "";
    expect(changed).toMatch(new RegExp(`^${severity}: `));
    expect(changed).toContain(text);
  });

  test("doesn't take a refusal between two listings for the end of one", () => {
    runs(2, { [own]: ["127.0.0.2"] });
    runs(1, { [own]: ["127.255.255.254"] });
    runs(2, { [own]: ["127.0.0.2"] });
    expect(letters()).toHaveLength(1);
  });

  test("tells a topic, in its own Region", () => {
    says(wrongPtr);
    runs(3, {}, { TO: topic });
    expect(letters()).toEqual([]);
    const published = host
      .read("/published")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(published).toEqual([
      {
        TopicArn: topic,
        Subject: "okmail: okmail.example.com: 1 wrong",
        Message: expect.stringContaining("critical: own names: 10.2.0.192.in-addr.arpa") as string,
      },
    ]);
  });

  test.each([
    ["SNS doesn't take", { TO: topic, SNS: "AuthorizationError" }, `${topic}: AuthorizationError`],
    ["Postfix doesn't take", {}, "sendmail failed (75): mail system is down"],
  ])("tells later what %s, and loses nothing by it", (_, environment, message) => {
    says(wrongPtr);
    runs(1, {}, environment);
    host.command("sendmail", "echo mail system is down >&2; exit 75");
    const state = host.read("/var/lib/okmail/watch.json");
    for (let number = 0; number < 2; number++) {
      expect(run({}, environment)).toContain(message);
      expect(host.read("/var/lib/okmail/watch.json")).toBe(state);
    }
    host.command("sendmail", `cat > ${host.path("/letter.0")}`);
    runs(1, {}, { ...environment, SNS: "" });
    expect(host.read("TO" in environment ? "/published" : "/letter.0")).toContain("1 wrong");
  });

  test.each(["", "{}", "[]", "null", '{"version":2,"told":{},"seen":{}}', '{"version":1,"told":{}}'])(
    "leaves a state that it doesn't know as it is: %s",
    (state) => {
      host.write("/var/lib/okmail/watch.json", state);
      expect(run()).toContain(
        "/var/lib/okmail/watch.json is no state of this okmail; move it away to begin anew",
      );
      expect(host.read("/var/lib/okmail/watch.json")).toBe(state);
    },
  );

  test("counts for Prometheus what it finds, at once", () => {
    says(wrongPtr);
    runs(1, { [own]: null });
    const text = host.read("/var/lib/prometheus/node-exporter/okmail-watch.prom");
    expect(text).toMatch(
      /^# TYPE okmail_watch_findings gauge\nokmail_watch_findings\{severity="ok"\} 2\nokmail_watch_findings\{severity="warning"\} 0\nokmail_watch_findings\{severity="critical"\} 1\nokmail_watch_findings\{severity="could not tell"\} 1\n# TYPE okmail_watch_last_run_timestamp_seconds gauge\nokmail_watch_last_run_timestamp_seconds \d{10}\n$/,
    );
  });
});

describe("the program as a host fetches it", () => {
  const program = watchProgram({ mail: "ops@example.net" });
  const { value, digest } = packed(program);

  test("fits into a parameter of SSM's standard tier, and is the same on every machine", () => {
    expect(value.length).toBeLessThanOrEqual(4_096);
    expect(gunzipSync(Buffer.from(value, "base64")).toString()).toBe(program);
    expect(packed("print()\n")).toEqual({
      value: "H4sIAAAAAAACAysoyswr0dDkAgAjTuzNCAAAAA==",
      digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    expect(digest).not.toBe(packed(watchProgram({ topic })).digest);
  });

  test("asks the lists that receivers refuse mail by, and that need no key", () => {
    const [, rendered = ""] = /\nrun\("ops@example\.net", (\[.*\])\)\n$/.exec(program) ?? [];
    const asked = JSON.parse(rendered) as typeof lists;
    const wanted = standardTable().lists.filter(
      ({ standard, weight, access }) => standard && weight === "blocking" && access?.required !== true,
    );
    expect(asked.map(({ zone }) => zone).toSorted()).toEqual(wanted.map(({ zone }) => zone).toSorted());
    expect(asked.find(({ zone }) => zone === "zen.spamhaus.org")).toEqual({
      zone: "zen.spamhaus.org",
      lists: "addresses",
      codes: expect.arrayContaining(["127.0.0.2", "127.0.0.11"]) as string[],
      tests: ["2.0.0.127", "1.0.0.127"],
    });
    expect(asked.find(({ lists: kind }) => kind === "domains")?.tests).toEqual(["dbltest.com", "invalid"]);
  });

  describe.skipIf(python === "")("by its digest", { timeout: 60_000 }, () => {
    const small = packed('import host\nhost.write(host.STATE + "/ran", "it ran")\n');
    /** Fetches $VALUE in place of what SSM has. */
    const fetch = `
import types
asked = []
def parameter(facts, name):
    asked.append(name)
    return os.environ["VALUE"]
sys.modules["parameters"] = types.SimpleNamespace(parameter=parameter)
try: part("fetched").run("watch")
except host.Fault as fault: print(fault)
print(json.dumps(asked))`;

    function fetched(
      host: HostFolder,
      value: string,
      watch: unknown = ["/okmail/example.com/watch", small.digest],
    ) {
      const facts = JSON.parse(host.read("/etc/okmail/host.json")) as object;
      host.write("/etc/okmail/host.json", JSON.stringify({ ...facts, watch }));
      const { errors, output } = host.run(fetch, { VALUE: value });
      expect(errors).toBe("");
      return output.trim().split("\n");
    }
    const ran = (host: HostFolder) => {
      try {
        return host.read("/run/okmail/ran");
      } catch {
        return "";
      }
    };

    test("runs once it is there, and is fetched once", () => {
      using host = new HostFolder();
      expect(fetched(host, small.value)).toEqual(['["/okmail/example.com/watch"]']);
      expect(ran(host)).toBe("it ran");
      expect(fetched(host, "")).toEqual(["[]"]);
    });

    test("never runs when it is another one", () => {
      using host = new HostFolder();
      const [message] = fetched(host, packed("print(1)\n").value);
      expect(message).toBe(
        "SSM parameter /okmail/example.com/watch holds another program; pulumi up repairs it",
      );
      expect(ran(host)).toBe("");
      host.write("/var/lib/okmail/watch.gz", packed("print(1)\n").value);
      expect(fetched(host, small.value)).toEqual(['["/okmail/example.com/watch"]']);
    });

    test("isn't looked for where nobody wants it", () => {
      using host = new HostFolder();
      expect(fetched(host, "", null)).toEqual(["okmail:watch isn't set in this stack", "[]"]);
    });
  });
});
