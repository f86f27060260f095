import fc from "fast-check";
import { expect, test } from "vitest";
import { blocks, renderFinding } from "../../mail/finding.ts";
import { reverseName } from "../../mail/host-name.ts";
import { judge, type Sender } from "../../mail/judge.ts";
import { SymbolTable } from "../../mail/symbol.ts";
import { dnsZone, type ZoneName } from "../helpers/dns-zone.ts";

/** A sender and the DNS it lives in. */
interface World {
  readonly sender: Sender;
  readonly zone: Readonly<Record<string, ZoneName>>;
}

const symbols = new SymbolTable();

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/);
const allocated = fc
  .tuple(fc.constantFrom("192.0.2", "198.51.100", "203.0.113"), fc.integer({ min: 1, max: 200 }))
  .map(([network, host]) => `${network}.${host}`);
const symbol = fc.nat(20).map((number) => symbols.address(`mail-host${number}-address`));
/** The same name as people also write it. */
const spelling = fc.constantFrom(
  (name: string) => name,
  (name: string) => name.toUpperCase(),
  (name: string) => `${name}.`,
);

/** Ways to permit addresses: the terms of the record, and further names. */
const permissions = [
  (ip4: string) => ({ record: `${ip4} -all`, names: {} }),
  (ip4: string, helo: string) => ({ record: `a:${helo} ${ip4} ~all`, names: {} }),
  (_ip4: string, helo: string) => ({ record: `a:${helo} ?all`, names: {} }),
  () => ({ record: "mx -all", names: {} }),
  (ip4: string, _helo: string, domain: string) => ({
    record: "include:_spf.%{d} -all",
    names: { [`_spf.${domain}`]: { TXT: [`v=spf1 ${ip4} -all`] } },
  }),
  (ip4: string, _helo: string, domain: string) => ({
    record: `redirect=_r.${domain}`,
    names: { [`_r.${domain}`]: { TXT: [`v=spf1 ${ip4} -all`] } },
  }),
  (ip4: string, _helo: string, domain: string) => ({
    record: `mx:none.${domain} a:none.${domain} ${ip4} -all`,
    names: {},
  }),
] as const;

/** A world in which everything agrees. */
const agreeing: fc.Arbitrary<World> = fc
  .record({
    host: label,
    domain: label,
    suffix: fc.constantFrom("com", "co.uk", "dev"),
    addresses: fc.uniqueArray(fc.oneof(allocated, symbol), { minLength: 1, maxLength: 3 }),
    permission: fc.constantFrom(...permissions),
    spell: spelling,
    cut: fc.nat(20),
  })
  .map(({ host, domain: name, suffix, addresses, permission, spell, cut }) => {
    const domain = `${name}.${suffix}`;
    const helo = `${host}.${domain}`;
    const ip4 = addresses.map((address) => `ip4:${address}`).join(" ");
    const { record, names } = permission(ip4, helo, domain);
    const text = `v=spf1 ${record}`;
    const heloRecords = { A: [...addresses].reverse(), TXT: [`v=spf1 ${ip4} -all`] };
    const zone: Record<string, ZoneName> = {
      ...names,
      [domain]: {
        MX: [{ exchange: spell(helo), priority: 10 }],
        TXT: ["x=y", [text.slice(0, cut), text.slice(cut)]],
      },
      [helo]: heloRecords,
      ...Object.fromEntries(addresses.map((address) => [reverseName(address), { PTR: [spell(helo)] }])),
    };
    return {
      sender: {
        name: host,
        addresses,
        helo: spell(helo).replace(/\.$/, ""),
        mailFrom: spell(domain),
        selectors: [],
      },
      zone,
    };
  });

async function blocking({ sender, zone }: World): Promise<string[]> {
  const findings = await judge(sender, dnsZone(zone));
  return findings.filter(blocks).map((finding) => renderFinding(finding, symbols));
}

test("an agreeing sender is never blocked", async () => {
  await fc.assert(
    fc.asyncProperty(agreeing, async (world) => {
      expect(await blocking(world)).toEqual([]);
    }),
  );
});

/** Records of one name, changed. */
function at(world: World, name: string, change: (records: ZoneName) => ZoneName): World {
  return { ...world, zone: { ...world.zone, [name]: change(world.zone[name] ?? {}) } };
}

const bare = (name: string): string => name.toLowerCase().replace(/\.$/, "");
const stranger = "203.0.113.250";

/** Single changes each of which breaks the agreement. `address` is one that the host sends from. */
const faults: Record<string, (world: World, address: string) => World> = {
  "another address in A": (world, address) =>
    at(world, bare(world.sender.helo), ({ A = [], ...rest }) => ({
      ...rest,
      A: (A as string[]).map((other) => (other === address ? stranger : other)),
    })),
  "no A record": (world) => at(world, bare(world.sender.helo), ({ TXT = [] }) => ({ TXT })),
  "a proxied HELO name": (world) =>
    at(world, bare(world.sender.helo), (records) => ({ ...records, proxied: true })),
  "another name in PTR": (world, address) =>
    at(world, reverseName(address), () => ({ PTR: [`x${bare(world.sender.helo)}`] })),
  "a second name in PTR": (world, address) =>
    at(world, reverseName(address), ({ PTR = [] }) => ({ PTR: [...(PTR as string[]), "www.example.com"] })),
  "no PTR": (world, address) => at(world, reverseName(address), () => ({})),
  "another HELO name": (world) => ({ ...world, sender: { ...world.sender, helo: `x${world.sender.helo}` } }),
  "a HELO name of one label": (world) => ({ ...world, sender: { ...world.sender, helo: "okmail" } }),
  "another sending address": (world, address) => ({
    ...world,
    sender: {
      ...world.sender,
      addresses: world.sender.addresses.map((other) => (other === address ? stranger : other)),
    },
  }),
  "another MAIL FROM domain": (world) => ({
    ...world,
    sender: { ...world.sender, mailFrom: `x${world.sender.mailFrom}` },
  }),
  "no SPF record": (world) => at(world, bare(world.sender.mailFrom), ({ MX = [] }) => ({ MX })),
  "two SPF records": (world) =>
    at(world, bare(world.sender.mailFrom), ({ TXT = [], ...rest }) => ({
      ...rest,
      TXT: [...(TXT as string[]), "v=spf1 -all"],
    })),
  "an SPF record for another address": (world) =>
    at(world, bare(world.sender.mailFrom), (records) => ({
      ...records,
      TXT: [`v=spf1 ip4:${stranger} -all`],
    })),
  "an SPF record for everybody": (world) =>
    at(world, bare(world.sender.mailFrom), (records) => ({ ...records, TXT: ["v=spf1 +all"] })),
  "a fault in SPF": (world, address) =>
    at(world, bare(world.sender.mailFrom), (records) => ({
      ...records,
      TXT: [`v=spf1 ip4:${address} ip4:1.2.3 -all`],
    })),
  "an SPF record at the HELO name for another address": (world) =>
    at(world, bare(world.sender.helo), (records) => ({ ...records, TXT: [`v=spf1 ip4:${stranger} -all`] })),
  "an MX that does not exist": (world) =>
    at(world, bare(world.sender.mailFrom), (records) => ({
      ...records,
      MX: [{ exchange: `x.${bare(world.sender.helo)}`, priority: 0 }],
    })),
  "an alias as MX": (world) =>
    at(
      at(world, "alias.example.net", () => ({ CNAME: [bare(world.sender.helo)] })),
      bare(world.sender.mailFrom),
      (records) => ({ ...records, MX: [{ exchange: "alias.example.net", priority: 0 }] }),
    ),
  "an address as MX": (world, address) =>
    at(world, bare(world.sender.mailFrom), (records) => ({
      ...records,
      MX: [{ exchange: address, priority: 0 }],
    })),
};

test.each(Object.entries(faults))("%s always blocks", async (_, change) => {
  await fc.assert(
    fc.asyncProperty(agreeing, fc.nat(), async (world, choice) => {
      const { addresses } = world.sender;
      const broken = change(world, addresses[choice % addresses.length] ?? "");
      expect(await blocking(broken)).not.toEqual([]);
    }),
    { numRuns: 40 },
  );
});
