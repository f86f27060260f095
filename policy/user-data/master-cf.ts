/** A service of master.cf (master(5)). */
export interface Service {
  /** The program that it runs, undefined where only parameters of the service are known. */
  readonly command: string | undefined;
  /** Parameters of main.cf that it overrides with `-o`. */
  readonly overrides: ReadonlyMap<string, string>;
}

/** Services by `service/type`, as postconf -P writes them. */
export type MasterCf = ReadonlyMap<string, Service>;

/** Longest line that is looked at. */
const maxLine = 4_096;

/** Stands in `overrideLine` for the program, which it leaves as it is. */
const sameCommand = "-";

/** Of several lines for one service, as `postconf -P` adds them here, the later wins. */
export function readMasterCf(text: string): MasterCf {
  const services = new Map<string, { command: string | undefined; overrides: Map<string, string> }>();
  for (const line of text
    .replace(/^\s*#.*\n?/gm, "")
    .replace(/\n[ \t]+/g, " ")
    .split("\n")) {
    if (line.length > maxLine) continue;
    const [service, type, , , , , , command, ...args] = line.trim().split(/\s+/);
    if (service === undefined || type === undefined || command === undefined) continue;
    const known = services.get(`${service}/${type}`) ?? { command: undefined, overrides: new Map() };
    if (command !== sameCommand) known.command = command;
    for (const [, braced, plain] of ` ${args.join(" ")}`.matchAll(/ -o\s*(?:\{([^}]*)\}|([^\s{]\S*))/g)) {
      const [name = "", ...value] = (braced ?? plain ?? "").split("=");
      if (value.length > 0) known.overrides.set(name.trim(), value.join("=").trim());
    }
    services.set(`${service}/${type}`, known);
  }
  return services;
}

/** A line of master.cf that overrides one parameter of a service. */
export function overrideLine(service: string, type: string, name: string, value: string): string {
  return `${service} ${type} - - - - - ${sameCommand} -o { ${name} = ${value} }\n`;
}
