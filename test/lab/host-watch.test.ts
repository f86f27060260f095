import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { INBOX } from "../../local/inbox.ts";
import type { Guest } from "../../local/lab/guest.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import { openHostLab, type DeclaredHost, type HostLab } from "./host-lab.ts";
import { queueOf, unsigned } from "./letters.ts";

const hindrance = labHindrance();
if (hindrance !== undefined) console.warn(`SKIPPED, the news of a host in the lab: ${hindrance}`);

const OPERATOR = `ops@${INBOX.domain}`;

/** The lists as they are when they have nobody; the lab's internet has none of them. */
const LISTS = [
  ...["zen.spamhaus.org", "b.barracudacentral.org", "bl.spamcop.net"].map((zone) => [zone, "2.0.0.127"]),
  ["dbl.spamhaus.org", "dbltest.com"],
] as const;

// In order: each test takes the host as the one before has left it.
describe.skipIf(hindrance !== undefined)("the stack's host tells its operator", () => {
  let lab: HostLab;
  let host: DeclaredHost;
  let guest: Guest;

  beforeAll(async () => {
    lab = await openHostLab({ "okmail:watch": { mail: OPERATOR } });
    ({ host, guest } = await lab.up());
    await serveLists();
  });
  afterAll(() => lab.close());

  /** Has the host's own resolver know the lists, with these names in them. */
  async function serveLists(...listed: readonly string[]): Promise<void> {
    const names = [...LISTS.map(([zone, entry]) => `${entry}.${zone}`), ...listed];
    const config = [
      "server:",
      ...LISTS.map(([zone]) => `  local-zone: "${zone}." static`),
      ...names.map(
        (name) =>
          `  local-data: "${name}. A ${name.endsWith("dbl.spamhaus.org") ? "127.0.1.2" : "127.0.0.2"}"`,
      ),
    ];
    await guest.check(["sh", "-euc", "cat > /etc/unbound/unbound.conf.d/lists.conf"], {
      input: `${config.join("\n")}\n`,
    });
    await forget();
  }
  /** What its resolver remembers. */
  const forget = () => guest.check(["systemctl", "restart", "unbound.service"]);

  async function watch(runs: number): Promise<void> {
    for (let run = 0; run < runs; run++) await guest.check(["systemctl", "start", "okmail-watch.service"]);
    // What it has to say has been said.
    await expect.poll(() => queueOf(guest), { timeout: 60_000, interval: 500 }).toEqual({});
    await lab.plane.mailServer.sync();
  }
  /** A refused one has no recipients. */
  const attempts = () =>
    lab.plane.attempts.filter(({ client }) => client.mailFrom === "postmaster@example.com");
  const letters = () =>
    lab.plane.messages
      .map(({ content }) => content.toString())
      .filter(
        (content) => content.includes(`\nTo: ${OPERATOR}\n`) || content.includes(`\nTo: ${OPERATOR}\r\n`),
      );

  function setReverseName(name: string): void {
    lab.stack.session.cloud.store.transact((cloud) => {
      const record = cloud.find(AWS_TYPES.eipDomainName, host.allocationId);
      if (record === undefined) throw new Error("the address has no PTR record of its own");
      cloud.change(record.type, record.id, { inputs: { ...record.inputs, domainName: name } });
    });
  }

  test("nothing while all is well; the timer is on, and the numbers are there", async () => {
    await watch(2);
    expect(attempts()).toEqual([]);
    expect(await guest.check(["systemctl", "is-active", "okmail-watch.timer"])).toBe("active\n");
    const numbers = await guest.check(["cat", "/var/lib/prometheus/node-exporter/okmail-watch.prom"]);
    expect(numbers).toMatch(/^okmail_watch_findings\{severity="ok"\} \d+$/m);
    expect(numbers).toContain('okmail_watch_findings{severity="critical"} 0\n');
    expect(numbers).toContain('okmail_watch_findings{severity="could not tell"} 0\n');
  });

  test("once that it is on a blocklist, and once that it isn't any more", async () => {
    const reversed = host.address.split(".").reverse().join(".");
    await serveLists(`${reversed}.zen.spamhaus.org`);
    await watch(3);
    expect(letters()).toHaveLength(1);
    expect(letters()[0]).toContain("Subject: okmail: okmail.example.com: 1 wrong");
    expect(letters()[0]).toContain(`critical: zen.spamhaus.org lists ${host.address}`);
    await serveLists();
    await watch(3);
    expect(letters()).toHaveLength(2);
    expect(letters()[1]).toContain("Subject: okmail: okmail.example.com: all is well again");
    expect(unsigned(lab.plane)).toEqual([]);
  });

  test("once that its PTR is another one, in a letter that strict receivers refuse as all others; and that it is right again", async () => {
    setReverseName("elsewhere.example.com");
    await lab.plane.nameServer.sync();
    await forget();
    await watch(3);
    expect(
      attempts()
        .slice(2)
        .map(({ outcome }) => outcome),
    ).toEqual(["refused"]);
    setReverseName(host.helo);
    await lab.plane.nameServer.sync();
    await forget();
    await watch(3);
    expect(
      attempts()
        .slice(3)
        .map(({ outcome }) => outcome),
    ).toEqual(["accepted"]);
    expect(letters()[2]).toContain("Subject: okmail: okmail.example.com: all is well again");
    expect(letters()[2]).toMatch(/ok: own names: \S+\.in-addr\.arpa is okmail\.example\.com/);
  });
});
