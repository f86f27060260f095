import { normalizeName } from "../../mail/host-name.ts";
import { agrees, disagrees, undetermined } from "../../mail/judge/rule.ts";
import type { Check } from "../check.ts";

export const heloSent: Check = {
  id: "helo-sent",
  title: "The host says its HELO name when it sends",
  severity: "mandatory",
  description:
    "A message that the host sends to the probe comes from a sending address and says the HELO name. Asked only with " +
    "--probe: from outside nobody can see what a host says that sends nothing.",
  sources: ["RFC 5321 4.1.1.1"],
  ofSender: async ({ asked: { helo, addresses, ownAddresses }, sent }) => {
    if (sent === undefined) return [];
    const heard = await sent;
    const own = heard.filter(({ address }) => addresses.includes(address));
    const strangers = heard.filter(({ address }) => !ownAddresses.has(address));
    const comparisons = own.map(({ address, name }) => {
      const details = { address, expected: helo, found: name };
      return normalizeName(name) === helo
        ? agrees(`${address} said HELO ${name} to the probe.`, details)
        : disagrees(`${address} said HELO ${name} to the probe, not ${helo}.`, {
            ...details,
            fix: `Set smtp_helo_name of the host to ${helo}.`,
          });
    });
    const others = strangers
      .filter(({ name }) => normalizeName(name) === helo)
      .map(({ address, name }) =>
        disagrees(`${address} said HELO ${name} to the probe, which is none of the sending addresses.`, {
          address,
          expected: addresses.join(", "),
          found: address,
          fix: `Let the host send from ${addresses.join(" or ")}: look at its route, its IPv6 address and a NAT gateway before it.`,
        }),
      );
    const silent = addresses.filter((address) => own.every((one) => one.address !== address));
    return [
      ...comparisons,
      ...others,
      ...silent.map((address) =>
        undetermined(
          { why: `nothing came to the probe from ${address}`, undetermined: false },
          {
            address,
            expected: helo,
            fix: `Send a message from ${helo} to the probe while it listens, and see that outbound port 25 is open there.`,
          },
        ),
      ),
    ];
  },
};
