import { dkimKeyPath } from "../opendkim.ts";
import type { HostOptions } from "./options.ts";

/** Where the program `okmail` reads what is particular to its host. */
export const factsPath = "/etc/okmail/host.json";

/** What the program has to know, in JSON. `services` are the units whose state it reports. */
export function hostFacts(options: HostOptions, services: readonly string[]): string {
  const { helo, domain, region, dkim, submission, tls, watch } = options;
  const facts = {
    helo,
    domain,
    region,
    dkim: dkim.map(({ selector, algorithm, parameterName }) => ({
      selector,
      algorithm,
      parameter: parameterName,
      file: dkimKeyPath(selector),
    })),
    users: (submission?.users ?? []).map(({ name, parameterName }) => ({ name, parameter: parameterName })),
    acme: tls.acme ?? null,
    tlsKey: tls.keyParameterName ?? null,
    watch: watch === undefined ? null : [watch.parameterName, watch.digest],
    services,
  };
  return `${JSON.stringify(facts, undefined, 1)}\n`;
}
