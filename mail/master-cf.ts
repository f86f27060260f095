/** A service of Postfix, a line of master.cf (master(5)). */
export interface MasterService {
  /** A socket's name, or `port` or `address:port`. */
  readonly name: string;
  readonly type: "inet" | "unix" | "unix-dgram";
  /** Whether only Postfix may connect. @default true, as for Postfix */
  readonly isPrivate?: boolean;
  /** Whether it runs as Postfix's user rather than as root. @default true */
  readonly isUnprivileged?: boolean;
  /** Seconds after which it is woken up; with `?` only if it is in use. @default - never */
  readonly wakeUp?: string;
  /** Most processes at one time, 0 for any number. @default - default_process_limit, 100 */
  readonly processes?: number;
  readonly command: string;
  /** Parameters of main.cf that are different for this service, as written there. */
  readonly overrides?: readonly (readonly [name: string, value: string])[];
  /** Why it is there or as it is, a comment above it. */
  readonly reason?: string;
}

/**
 * A master.cf with these services, each on one line and its overrides on lines of their own. Nothing runs in a chroot.
 * @throws RangeError for an override that master.cf can't hold
 */
export function renderMasterCf(services: readonly MasterService[]): string {
  return services.map(renderService).join("");
}

function renderService(service: MasterService): string {
  const { name, type, isPrivate, isUnprivileged, wakeUp = "-", processes = "-", command } = service;
  const columns = [name, type, flag(isPrivate), flag(isUnprivileged), "n", wakeUp, processes, command];
  const comment = service.reason === undefined ? "" : `# ${service.reason}\n`;
  return `${comment}${columns.join(" ")}\n${(service.overrides ?? []).map(renderOverride).join("")}`;
}

function flag(value: boolean | undefined): string {
  return value === undefined ? "-" : value ? "y" : "n";
}

/** Braces hold white space together (master(5), Postfix 3.0 and later). */
function renderOverride([name, value]: readonly [string, string]): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x1f\x7f{}]/.test(value))
    throw new RangeError(
      `master.cf can't hold ${name} = ${JSON.stringify(value)}: a control character or a brace`,
    );
  return /\s/.test(value) ? `  -o { ${name} = ${value} }\n` : `  -o ${name}=${value}\n`;
}
