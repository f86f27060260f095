/** Parameters that a service of master.cf overrides with `-o` (master(5)), by `service/type`. */
export type ServiceOverrides = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Longest line that is looked at. */
const maxLine = 4_096;

/** The overrides of each service; of several lines for one service, as `postconf -P` adds them here, the later wins. */
export function readMasterCf(text: string): ServiceOverrides {
  const services = new Map<string, Map<string, string>>();
  for (const line of text
    .replace(/^\s*#.*\n?/gm, "")
    .replace(/\n[ \t]+/g, " ")
    .split("\n")) {
    if (line.length > maxLine) continue;
    const [service, type, , , , , , command, ...args] = line.trim().split(/\s+/);
    if (service === undefined || type === undefined || command === undefined) continue;
    const overrides = services.get(`${service}/${type}`) ?? new Map<string, string>();
    for (const [, braced, plain] of ` ${args.join(" ")}`.matchAll(/ -o\s*(?:\{([^}]*)\}|([^\s{]\S*))/g)) {
      const [name = "", ...value] = (braced ?? plain ?? "").split("=");
      if (value.length > 0) overrides.set(name.trim(), value.join("=").trim());
    }
    services.set(`${service}/${type}`, overrides);
  }
  return services;
}

/** A line of master.cf that overrides one parameter of a service. */
export function overrideLine(service: string, type: string, name: string, value: string): string {
  return `${service} ${type} - - - - - ${service} -o { ${name} = ${value} }\n`;
}
