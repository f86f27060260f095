import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { mailboxFault, networkFault, publicIp4Fault } from "../../mail/address.ts";

describe("publicIp4Fault", () => {
  test.each([
    "8.8.8.8",
    "1.1.1.1",
    // The local cloud's addresses (RFC 5737).
    "192.0.2.10",
    "198.51.100.255",
    "203.0.113.0",
    // The last before and the first after a range that is refused.
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
  ])("accepts %s", (address) => expect(publicIp4Fault(address)).toBeUndefined());

  test.each([
    ["10.1.2.3", "is in 10.0.0.0/8, private (RFC 1918)"],
    ["172.16.0.1", "is in 172.16.0.0/12, private (RFC 1918)"],
    ["172.31.255.255", "is in 172.16.0.0/12, private (RFC 1918)"],
    ["192.168.0.1", "is in 192.168.0.0/16, private (RFC 1918)"],
    ["127.0.0.1", "is in 127.0.0.0/8, loopback (RFC 1122)"],
    ["169.254.169.254", "is in 169.254.0.0/16, link local (RFC 3927)"],
    ["100.64.0.1", "is in 100.64.0.0/10, carrier-grade NAT (RFC 6598)"],
    ["0.0.0.0", 'is in 0.0.0.0/8, "this network" (RFC 791)'],
    ["192.0.0.8", "is in 192.0.0.0/24, protocol assignments (RFC 6890)"],
    ["192.88.99.1", "is in 192.88.99.0/24, 6to4 relays, withdrawn (RFC 7526)"],
    ["198.18.0.1", "is in 198.18.0.0/15, benchmarking (RFC 2544)"],
    ["224.0.0.1", "is in 224.0.0.0/4, multicast (RFC 1112)"],
    ["240.0.0.1", "is in 240.0.0.0/4, reserved (RFC 1112)"],
    ["255.255.255.255", "is in 240.0.0.0/4, reserved (RFC 1112)"],
    ["2001:db8::1", "is an IPv6 address; only IPv4 sends mail here"],
    ["::ffff:192.0.2.1", "is an IPv6 address; only IPv4 sends mail here"],
    ["192.0.2.010", "is not written as four decimal numbers without leading zeros"],
    ["0xc0.0.2.1", "is not written as four decimal numbers without leading zeros"],
    ["192.0.513", "is not written as four decimal numbers without leading zeros"],
    ["3221225985", "is not written as four decimal numbers without leading zeros"],
    ["192.0.2.256", "is no IPv4 address"],
    ["192.0.2.1/32", "is no IPv4 address"],
    [" 192.0.2.1", "is no IPv4 address"],
    ["192.0.2.1.", "is no IPv4 address"],
    ["mail.example.com", "is no IPv4 address"],
    ["", "is no IPv4 address"],
  ])("says that %j %s", (address, fault) => expect(publicIp4Fault(address)).toBe(fault));
});

describe("networkFault", () => {
  test.each(["192.0.2.10", "192.0.2.10/32", "192.0.2.0/24", "8.8.0.0/16", "203.0.113.128/25"])(
    "accepts %s",
    (network) => expect(networkFault(network)).toBeUndefined(),
  );

  test.each([
    ["8.0.0.0/8", "authorizes 16,777,216 addresses; the widest accepted is /16"],
    ["8.8.0.0/15", "authorizes 131,072 addresses; the widest accepted is /16"],
    ["0.0.0.0/0", "authorizes 4,294,967,296 addresses; the widest accepted is /16"],
    ["192.0.2.1/24", "has host bits set; the network is 192.0.2.0/24"],
    ["203.0.113.129/25", "has host bits set; the network is 203.0.113.128/25"],
    ["10.0.0.0/16", "is in 10.0.0.0/8, private (RFC 1918)"],
    // Holds 192.0.0.0/24, although its own address is public.
    ["192.0.0.0/16", "is in 192.0.0.0/24, protocol assignments (RFC 6890)"],
    ["192.88.0.0/16", "is in 192.88.99.0/24, 6to4 relays, withdrawn (RFC 7526)"],
    ["10.1.2.3", "is in 10.0.0.0/8, private (RFC 1918)"],
    ["192.0.2.0/33", 'has the prefix "/33"; an IPv4 prefix is a number from 0 to 32'],
    ["192.0.2.0/024", 'has the prefix "/024"; an IPv4 prefix is a number from 0 to 32'],
    ["192.0.2.0/", 'has the prefix "/"; an IPv4 prefix is a number from 0 to 32'],
    ["192.0.2.0/-1", 'has the prefix "/-1"; an IPv4 prefix is a number from 0 to 32'],
    ["192.0.2.0/255.255.255.0", 'has the prefix "/255.255.255.0"; an IPv4 prefix is a number from 0 to 32'],
    ["192.0.2.0/24/24", "has more than one slash"],
    ["192.0.2/24", "is not written as four decimal numbers without leading zeros"],
    ["2001:db8::/32", "is an IPv6 address; only IPv4 sends mail here"],
    ["ip4:192.0.2.0/24", "is no IPv4 address"],
    ["", "is no IPv4 address"],
  ])("says that %j %s", (network, fault) => expect(networkFault(network)).toBe(fault));

  test("names a network that it then accepts, for any host bits in a public range", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 16, max: 31 }), (host, prefix) => {
        const address = `8.8.${host >> 8}.${host & 0xff}`;
        const named = /the network is (.*)$/.exec(networkFault(`${address}/${prefix}`) ?? "")?.[1];
        const network = named ?? `${address}/${prefix}`;
        expect(networkFault(network)).toBeUndefined();
        expect(ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(network))).toBe(true);
      }),
    );
  });
});

describe("mailboxFault", () => {
  test.each([
    "ops@example.net",
    "o'brien+x@example.net",
    "!#$%&'*+/=?^_`{|}~-@example.net",
    "a.b.c@mail.example.net",
    '"a b"@example.net',
    '"a\\"b@c"@example.net',
    '""@example.net',
    `${"a".repeat(64)}@example.net`,
  ])("accepts %s", (address) => expect(mailboxFault(address)).toBeUndefined());

  test.each([
    ["", "is empty"],
    ["ops", "has no @"],
    ["@example.net", "has nothing before the @"],
    ["ops@", 'has the domain "", which is empty'],
    ["ops@example", 'has the domain "example", which is one label, not a fully qualified name'],
    ["ops@my_host.example", 'has the domain "my_host.example", which has an underscore in "my_host"'],
    ["ops@[192.0.2.1]", 'has the domain "[192.0.2.1]", which is an address, not a name'],
    ["mailto:ops@example.net", 'begins with "mailto:"; give the address alone'],
    ["<ops@example.net>", "has angle brackets; give the address alone"],
    ["Ops <ops@example.net>", "has angle brackets; give the address alone"],
    [".a@example.net", "begins with a dot"],
    ["a.@example.net", "has a dot right before the @"],
    ["a..b@example.net", "has two dots in a row"],
    ["a b@example.net", "has a space before the @"],
    ["a@b@example.net", 'has "@" before the @'],
    ["a,b@example.net", 'has "," before the @'],
    ["é@example.net", 'has "é" before the @'],
    ['"a@example.net', "has a quoted part before the @ that does not end there"],
    ['"a"b"@example.net', "has a quoted part before the @ that does not end there"],
    ['"a\\"@example.net', "has a quoted part before the @ that does not end there"],
    [`${"a".repeat(65)}@example.net`, "has 65 octets before the @; at most 64 are allowed"],
    [
      `${"a".repeat(64)}@${["b".repeat(63), "b".repeat(63), "b".repeat(62)].join(".")}`,
      "is 255 octets long; a mailbox has at most 254",
    ],
  ])("says that %j %s", (address, fault) => expect(mailboxFault(address)).toBe(fault));
});
