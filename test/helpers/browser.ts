import {
  installedProgram,
  installPackages,
  PackagesUnavailableError,
} from "../../toolchain/debian-packages.ts";

/** The browser that pages are tried in, undefined where there is none. */
export function browser(): string | undefined {
  return installedProgram("chromium") ?? installedProgram("google-chrome");
}

/**
 * Installs Debian's Chromium where there is no browser yet and packages can be installed: on Debian as root. Elsewhere the
 * tests of pages are skipped, and say so.
 */
export async function ensureBrowser(report: (line: string) => void): Promise<void> {
  if (browser() !== undefined) return;
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    report(
      "There is no Chromium to try pages in, and only root can install it: the tests of pages are skipped.",
    );
    return;
  }
  report("Installing the Debian package that pages are tried in: chromium");
  try {
    await installPackages(["chromium"]);
  } catch (error) {
    if (!(error instanceof PackagesUnavailableError)) throw error;
    report(`There is no Chromium to try pages in, and ${error.message}: the tests of pages are skipped.`);
  }
}
