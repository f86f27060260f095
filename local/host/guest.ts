import { partitionOf } from "../aws/account.ts";
import { elasticIpOf } from "../aws/association.ts";
import { instanceState } from "../aws/instance-state.ts";
import { readParameter } from "../aws/parameter.ts";
import { AWS_TYPES } from "../aws/types.ts";
import { bootedUserData } from "../aws/user-data.ts";
import { asText, type CloudReader, type CloudRecord } from "../store.ts";
import { readCloudConfig } from "./cloud-config.ts";
import { letsOut, type Destination } from "./egress.ts";
import { isAllowed } from "./iam-policy.ts";
import { rolePolicies } from "./instance-role.ts";
import { readKeyFetches, type KeyFetch } from "./key-fetch.ts";
import { expandSetting, readMainCf, type PostfixSettings } from "./main-cf.ts";
import { readSigningRules, type SigningRule } from "./opendkim.ts";

/** The account that the hosts live in. */
export interface HostAccount {
  readonly region: string;
  /** Twelve digits. */
  readonly accountId: string;
}

/** The address from which a host's packets come to the internet. */
export interface SourceAddress {
  /** `elastic`: the account's own until released; `automatic`: EC2 takes it back when the instance stops. */
  readonly kind: "elastic" | "automatic" | "none";
  /** Undefined for `none`. */
  readonly ip?: string;
}

/** A signing rule with its key, as it lies on the host. */
export interface SigningKey extends SigningRule {
  /** PEM; undefined if the host has none. */
  readonly privateKey?: string;
  /** Why the host has no key, a sentence. */
  readonly fault?: string;
}

/** A sending host as the stack declares it: what its first boot has made of it. */
export interface Guest {
  readonly instanceId: string;
  /** What its Postfix says in EHLO. */
  readonly helo: string;
  readonly source: SourceAddress;
  /** Postfix's settings, a value expanded. */
  setting(name: string): string;
  /** How mail is signed; empty where Postfix has no milter for it. */
  readonly signing: readonly SigningKey[];
  /** Whether its security groups let a connection out. */
  letsOut(destination: Destination): boolean;
}

/** The instance is no mail host that could send; the message says why. */
export class NoGuestError extends Error {
  override name = "NoGuestError";

  constructor(instanceId: string, reason: string) {
    super(`${instanceId} can't send mail: ${reason}`);
  }
}

const MAIN_CF = "/etc/postfix/main.cf";

/**
 * Reads a host from the cloud: the user data of its first boot, its address, its role and what that lets it fetch.
 * Throws {@link NoGuestError}.
 */
export function readGuest(cloud: CloudReader, account: HostAccount, instanceId: string): Guest {
  const instance = cloud.find(AWS_TYPES.instance, instanceId);
  if (instance === undefined) throw new NoGuestError(instanceId, "there is no such instance");
  try {
    return guestOf(cloud, account, instance);
  } catch (error) {
    throw new NoGuestError(instanceId, error instanceof Error ? error.message : String(error));
  }
}

function guestOf(cloud: CloudReader, account: HostAccount, instance: CloudRecord): Guest {
  if (instanceState(instance) === "stopped") throw new Error("it is stopped");
  const userData = bootedUserData(instance);
  if (userData === undefined) throw new Error("it has no user data");
  const { files, fqdn } = readCloudConfig(userData);
  const mainCf = files.get(MAIN_CF);
  if (mainCf === undefined) throw new Error(`its user data writes no ${MAIN_CF}`);

  const settings = withHostName(readMainCf(mainCf), fqdn);
  const setting = (name: string) => expandSetting(settings, name);
  const helo = setting("smtp_helo_name");
  if (helo === "") throw new Error(`neither ${MAIN_CF} nor the cloud-config's fqdn says what it is called`);
  // Mail that the host's own programs hand over passes the milters for mail that doesn't come by SMTP.
  const rules = setting("non_smtpd_milters") === "" ? [] : readSigningRules(files);
  const policies = rolePolicies(cloud, instance);
  const keyAt = (path: string): Key => {
    const written = files.get(path);
    if (written !== undefined) return { privateKey: written };
    const fetch = readKeyFetches(files).find((candidate) => candidate.path === path);
    return fetch === undefined
      ? { fault: `nothing puts a key at ${path}` }
      : fetchKey(cloud, account, fetch, policies);
  };
  return {
    instanceId: instance.id,
    helo,
    source: sourceOf(cloud, instance),
    setting,
    signing: rules.map((rule) => ({ ...rule, ...keyAt(rule.keyPath) })),
    letsOut: (destination) => letsOut(cloud, instance, destination),
  };
}

/** A private key, or why there is none. */
type Key = Pick<SigningKey, "privateKey" | "fault">;

/** Postfix takes its host name from the system where main.cf has none. */
function withHostName(settings: PostfixSettings, fqdn: string | undefined): PostfixSettings {
  return settings.has("myhostname") || fqdn === undefined
    ? settings
    : new Map([...settings, ["myhostname", fqdn]]);
}

function sourceOf(cloud: CloudReader, instance: CloudRecord): SourceAddress {
  const elastic = asText(elasticIpOf(cloud, instance)?.outputs.publicIp);
  if (elastic !== "") return { kind: "elastic", ip: elastic };
  const automatic = asText(instance.outputs.automaticIp);
  return automatic === "" ? { kind: "none" } : { kind: "automatic", ip: automatic };
}

/** What the host gets from SSM, by its role and its Region. */
function fetchKey(
  cloud: CloudReader,
  { region, accountId }: HostAccount,
  fetch: KeyFetch,
  policies: readonly string[],
): Key {
  const asked = fetch.region ?? region;
  const path = fetch.parameter.replace(/^\/?/, "/");
  const arn = `arn:${partitionOf(asked)}:ssm:${asked}:${accountId}:parameter${path}`;
  if (!isAllowed(policies, "ssm:GetParameter", arn))
    return { fault: `the instance's role doesn't allow ssm:GetParameter on ${arn}` };
  const parameter = asked === region ? readParameter(cloud, fetch.parameter) : undefined;
  if (parameter === undefined) return { fault: `there is no SSM parameter ${fetch.parameter} in ${asked}` };
  return { privateKey: parameter.value };
}
