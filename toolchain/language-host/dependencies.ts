import { readFileSync } from "node:fs";
import path from "node:path";

export interface Dependency {
  readonly name: string;
  /** The installed version; the wanted range where none is installed. */
  readonly version: string;
}

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

/** What the program in `directory` depends on, for `pulumi about`; with `transitive`, all that npm has installed for it. */
export function programDependencies(directory: string, transitive: boolean): Dependency[] {
  const packages = transitive ? installedPackages(directory) : wantedPackages(directory);
  return packages.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function wantedPackages(directory: string): Dependency[] {
  const manifest = readJson(path.join(directory, "package.json")) as Manifest | undefined;
  return Object.entries({ ...manifest?.devDependencies, ...manifest?.dependencies }).map(([name, range]) => {
    const installed = readJson(path.join(directory, "node_modules", name, "package.json")) as
      Manifest | undefined;
    return { name, version: installed?.version ?? range };
  });
}

function installedPackages(directory: string): Dependency[] {
  const record = readJson(path.join(directory, "node_modules", ".package-lock.json")) as
    { packages?: Record<string, Manifest> } | undefined;
  return Object.entries(record?.packages ?? {}).map(([place, { version = "" }]) => {
    const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
    return { name, version };
  });
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined; // `pulumi about` says less then; that is no reason to fail.
  }
}
