import type { ReadMainCf } from "./main-cf-file.ts";
import type { MasterCf, Service } from "./master-cf.ts";

/** A listener of Postfix that takes mail by SMTP, with the parameters that hold for it. */
export interface SmtpServer {
  /** As master.cf has it: `smtp/inet`, `0.0.0.0:submission/inet`. */
  readonly name: string;
  /** main.cf with what master.cf overrides for the service. */
  readonly mainCf: ReadMainCf;
  /** The parameters that it overrides. */
  readonly overridden: ReadonlySet<string>;
}

/** The one that every master.cf begins with. */
const defaultServer = "smtp/inet";

const nothing: Service = { command: "smtpd", overrides: new Map() };

/**
 * The listeners of a host whose user data makes these files of main.cf and master.cf. What it adds to master.cf stands
 * next to what Debian has there, which is port 25.
 */
export function smtpServers(mainCf: ReadMainCf, masterCf: MasterCf): SmtpServer[] {
  const services = new Map(masterCf);
  if (!services.has(defaultServer) && !isComplete(masterCf)) services.set(defaultServer, nothing);
  return Array.from(services)
    .filter(([name, { command }]) => isSmtpd(name, command))
    .map(([name, { overrides }]) => {
      const settings = new Map([...mainCf.settings, ...overrides]);
      const address = listeningAddress(name);
      if (address !== undefined) settings.set("inet_interfaces", address);
      return { name, mainCf: { ...mainCf, settings }, overridden: new Set(overrides.keys()) };
    });
}

/** Whether it is a whole master.cf, without whose queue manager no Postfix starts, rather than lines added to one. */
function isComplete(masterCf: MasterCf): boolean {
  return masterCf.has("qmgr/unix");
}

/** `pass`: behind postscreen. A service of which only parameters are known is Debian's own. */
function isSmtpd(name: string, command: string | undefined): boolean {
  if (!/\/(inet|pass)$/.test(name)) return false;
  return command === undefined
    ? /^(.*:)?(smtp|smtps|submissions?|25|465|587)\/inet$/.test(name)
    : /(^|\/)smtpd$/.test(command);
}

/** The address before the port, which goes before inet_interfaces. `127.0.0.1:smtp/inet` -> `127.0.0.1` */
function listeningAddress(name: string): string | undefined {
  const [, address] = /^(.+):[^:]+\/inet$/.exec(name) ?? [];
  return address;
}
