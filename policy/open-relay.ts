import { expandParameter, type ReadMainCf } from "./user-data/main-cf-file.ts";
import type { SmtpServer } from "./user-data/smtp-servers.ts";
import { evaluate, splitList, type Client } from "./postfix-restrictions.ts";
import { trustFault } from "./trusted-network.ts";

/** A setting that opens a Postfix to mail from strangers to strangers, or that may do so. */
export interface RelaySetting {
  readonly outcome: "disagrees" | "undetermined";
  /** The parameter; of a service as postconf -P writes it, `submission/inet/smtpd_relay_restrictions`. */
  readonly setting: string;
  /** As it is after expansion; undefined if it can't be known. */
  readonly value: string | undefined;
  /** Why it opens the relay: a phrase that follows the value. */
  readonly fault: string;
  /** What to do: a sentence. */
  readonly fix: string;
}

/** Lists that a client has to pass, each of which may refuse it (SMTPD_ACCESS_README). */
const restrictionLists = [
  "smtpd_client_restrictions",
  "smtpd_helo_restrictions",
  "smtpd_sender_restrictions",
  "smtpd_relay_restrictions",
  "smtpd_recipient_restrictions",
] as const;

/** Postfix's own (postconf(5)), as far as they matter here; that of the others is empty. */
const defaults: ReadonlyMap<string, string> = new Map([
  ["smtpd_relay_restrictions", "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination"],
  ["inet_interfaces", "all"],
]);

/** The parameters that decide who a host's own destinations are: mail to them is no relaying. */
const destinations = ["mydestination", "relay_domains", "virtual_mailbox_domains", "virtual_alias_domains"];

/** The settings that make one of a host's listeners an open relay, each once. Empty is good. */
export function openRelays(servers: readonly SmtpServer[]): RelaySetting[] {
  const found = servers.flatMap(({ name, mainCf, overridden }) =>
    openRelaySettings(mainCf).map((relay) =>
      decisive(relay.setting).some((setting) => overridden.has(setting))
        ? { ...relay, setting: `${name}/${relay.setting}` }
        : relay,
    ),
  );
  // What stands in main.cf opens all listeners alike.
  return [
    ...new Map(
      found.map((relay) => [`${relay.setting} ${relay.value ?? ""} ${relay.fault}`, relay]),
    ).values(),
  ];
}

/** The parameters that a finding hangs on: relaying is refused by whichever list does. */
function decisive(setting: string): readonly string[] {
  return [setting, ...restrictionLists];
}

/**
 * The settings that make a Postfix an open relay: a mynetworks that trusts the world, restrictions that let strangers
 * through, a destination that is everything. None where Postfix listens to its own host only. Empty is good.
 */
export function openRelaySettings(mainCf: ReadMainCf): RelaySetting[] {
  const value = (name: string): string | undefined => {
    if (!mainCf.settings.has(name)) return mainCf.incomplete ? undefined : (defaults.get(name) ?? "");
    return expandParameter(mainCf.settings, name);
  };
  const interfaces = value("inet_interfaces");
  if (interfaces !== undefined && listensToItselfOnly(interfaces)) return [];
  return [...openToStrangers(value), ...openToTrusted(value), ...openDestinations(value)];
}

type ValueOf = (name: string) => string | undefined;

function listensToItselfOnly(interfaces: string): boolean {
  const names = splitList(interfaces);
  return (
    names.length > 0 && names.every((name) => /^(loopback-only|localhost|127\..*|\[?::1\]?)$/.test(name))
  );
}

function openToStrangers(value: ValueOf): RelaySetting[] {
  const passes = passage("stranger", value);
  if (passes.outcome === "refused") return [];
  const setting = "smtpd_relay_restrictions";
  const fix = `Set ${setting} = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination.`;
  if (passes.outcome === "undetermined")
    return [
      { outcome: "undetermined", setting: passes.setting, value: undefined, fault: "can't be known", fix },
    ];
  const fault =
    "lets strangers send mail to strangers: nothing in it refuses them before reject_unauth_destination could";
  return [{ outcome: "disagrees", setting, value: value(setting), fault, fix }];
}

function openToTrusted(value: ValueOf): RelaySetting[] {
  if (passage("trusted", value).outcome === "refused") return [];
  const fix = "Set mynetworks = 127.0.0.0/8, and let other hosts log in (permit_sasl_authenticated).";
  const networks = value("mynetworks");
  if (networks === undefined)
    return [
      { outcome: "undetermined", setting: "mynetworks", value: undefined, fault: "can't be known", fix },
    ];
  if (networks === "") {
    if (value("mynetworks_style") !== "class") return [];
    const fault = "trusts the whole class A, B or C network of the host, most of it other people's";
    return [{ outcome: "disagrees", setting: "mynetworks_style", value: "class", fault, fix }];
  }
  return splitList(networks).flatMap((network): RelaySetting[] => {
    if (network.startsWith("!")) return [];
    if (/^([a-z]+:|\/)[^:]/.test(network)) {
      const fault = `trusts what ${network} says, which can't be known`;
      return [{ outcome: "undetermined", setting: "mynetworks", value: networks, fault, fix }];
    }
    const fault = trustFault(network);
    return fault === undefined
      ? []
      : [{ outcome: "disagrees", setting: "mynetworks", value: networks, fault, fix }];
  });
}

/** A table that holds everything makes every domain a destination of this host, so that nothing is relaying any more. */
function openDestinations(value: ValueOf): RelaySetting[] {
  return destinations.flatMap((setting): RelaySetting[] => {
    const domains = value(setting);
    if (domains === undefined || !/(^|[\s,])static:/.test(domains)) return [];
    const fault = "takes every domain in the world for one of its own, so it relays to all of them";
    return [
      {
        outcome: "disagrees",
        setting,
        value: domains,
        fault,
        fix: `List the domains in ${setting} by name.`,
      },
    ];
  });
}

/** Whether a client may send mail to a domain that isn't this host's, and if that can't be told, by which list. */
function passage(
  client: Client,
  value: ValueOf,
): { readonly outcome: "passes" | "refused" | "undetermined"; readonly setting: string } {
  const outcomes = restrictionLists.map((setting) => {
    const list = value(setting);
    return { setting, outcome: list === undefined ? "unknown" : evaluate(list, client, value) };
  });
  if (outcomes.some(({ outcome }) => outcome === "refuses")) return { outcome: "refused", setting: "" };
  const unknown = outcomes.find(({ outcome }) => outcome === "unknown");
  return unknown === undefined
    ? { outcome: "passes", setting: "smtpd_relay_restrictions" }
    : { outcome: "undetermined", setting: unknown.setting };
}
