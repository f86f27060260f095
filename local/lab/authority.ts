import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { Certificate } from "../receiver/certificate.ts";
import type { Lab } from "./lab.ts";

/** A certificate authority of the lab's own, for servers that their clients verify. */
export interface Authority {
  /** Its certificate, PEM. */
  readonly cert: string;
  /** Issues a certificate for a server, by its host names and addresses. */
  issue(...names: readonly [string, ...string[]]): Promise<Certificate>;
}

/** In the lab's own /run: it vanishes with the lab, its key never leaves it. */
const FOLDER = "/run/lab/authority";

/** Arguments: folder. */
const CREATE = `
umask 077
mkdir "$1"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 \
  -subj "/CN=The lab's certificate authority" -addext keyUsage=critical,keyCertSign,cRLSign \
  -keyout "$1/ca.key" -out "$1/ca.pem"
`;

/** Arguments: folder, name of the files, names as subjectAltName has them. */
const ISSUE = `
umask 077
openssl req -x509 -CA "$1/ca.pem" -CAkey "$1/ca.key" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 \
  -subj /CN=lab -addext "subjectAltName=$3" -addext basicConstraints=critical,CA:FALSE \
  -addext extendedKeyUsage=serverAuth -addext authorityKeyIdentifier=keyid \
  -keyout "$1/$2.key" -out "$1/$2.pem"
`;

/** Makes an authority, by the machine's openssl. */
export async function createAuthority(lab: Lab): Promise<Authority> {
  const shell = (script: string, ...args: readonly string[]) =>
    lab.check(["sh", "-eu", "-c", script, "sh", FOLDER, ...args]);
  const read = (name: string) => readFileSync(lab.path(`${FOLDER}/${name}`), "utf8");
  await shell(CREATE);
  return {
    cert: read("ca.pem"),
    issue: async (...names) => {
      const [file] = names;
      await shell(ISSUE, file, names.map((name) => `${isIP(name) === 0 ? "DNS" : "IP"}:${name}`).join(","));
      return { key: read(`${file}.key`), cert: read(`${file}.pem`) };
    },
  };
}
