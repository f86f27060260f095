import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runCommand } from "../../toolchain/command.ts";
import { runNpm } from "../../toolchain/run/npm.mjs";

const projectFolder = path.join(import.meta.dirname, "..", "..");
const policyFolder = path.join(projectFolder, "policy");

/**
 * Makes the npm package of the policy pack in the folder `destination`, and gives the tarball's path.
 *
 * Node strips no types under node_modules, so the package holds JavaScript. It is compiled file by file rather than
 * bundled: its dependencies stay dependencies, which their users can audit and update, and what is installed reads, and
 * shows in a stack trace, as what is here. `dist` holds what pack.ts imports, in the folders of this project.
 */
export async function packPolicy(destination: string): Promise<string> {
  await mkdir(destination, { recursive: true });
  const staging = await mkdtemp(path.join(tmpdir(), "okmail-policy-"));
  try {
    await compile(path.join(staging, "dist"));
    await copyFile(path.join(projectFolder, "LICENSE"), path.join(staging, "LICENSE"));
    for (const file of ["PulumiPolicy.yaml", "README.md"])
      await copyFile(path.join(policyFolder, file), path.join(staging, file));
    // The engine takes the folder of the entry point for that of the pack, so it stays beside package.json.
    await writeFile(path.join(staging, "index.js"), 'import "./dist/policy/pack.js";\n');

    const manifest = JSON.parse(await readFile(path.join(policyFolder, "package.json"), "utf8")) as Manifest;
    // Its script guards the sources from being packed as they are.
    const published = JSON.stringify({ ...manifest, scripts: undefined }, null, 2);
    await writeFile(path.join(staging, "package.json"), `${published}\n`);
    const args = ["pack", "--pack-destination", path.resolve(destination), "--loglevel=error"];
    const { code } = await runNpm(args, { cwd: staging, stdio: ["ignore", "ignore", "inherit"] });
    if (code !== 0) throw new Error(`npm pack failed (exit code ${code ?? "none"}).`);
    return path.resolve(destination, `${manifest.name}-${manifest.version}.tgz`);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function compile(outDir: string): Promise<void> {
  const compiler = path.join(projectFolder, "node_modules", "typescript", "bin", "tsc");
  const settings = path.join(import.meta.dirname, "tsconfig.build.json");
  const { code, stdout } = await runCommand(process.execPath, [compiler, "-p", settings, "--outDir", outDir]);
  if (code !== 0) throw new Error(`The policy pack does not compile:\n${stdout.trim()}`);
}

interface Manifest {
  readonly name: string;
  readonly version: string;
}
