import type { DkimSigningKey } from "./host/options.ts";
import type { HostFile, HostPart } from "./host-part.ts";

export type { HostFile } from "./host-part.ts";

type Algorithm = DkimSigningKey["algorithm"];

/** What a signer has to know of a key. */
export type SignerKey = Pick<DkimSigningKey, "selector" | "algorithm">;

/** What OpenDKIM signs and with which keys. */
export interface OpenDkimOptions {
  /** The signing domain (d=). */
  readonly domain: string;
  /** The host's own name, whose mail is signed for the domain too. */
  readonly helo: string;
  /** All of them sign each message. */
  readonly dkim: readonly SignerKey[];
}

/** One process of OpenDKIM, which signs with one algorithm (opendkim.conf(5), SignatureAlgorithm). */
interface Signer {
  readonly algorithm: Algorithm;
  readonly unit: string;
  /** Its folder in /run, which comes and goes with it. */
  readonly runtimeFolder: string;
  readonly configuration: string;
  readonly signingTable: string;
}

const keyTable = "/etc/opendkim/key.table";
const policyScript = "/etc/opendkim/from.lua";

/** The one that Debian's package has a unit for. */
const debianUnit = "opendkim.service";

/**
 * Each adds its signature to the message. Two processes, since one signs with one algorithm, whatever the key.
 * (dkimpy-milter 1.2 does both in one, but lets a message that it fails to sign pass unsigned.)
 */
const signers: readonly Signer[] = [
  {
    algorithm: "rsa-sha256",
    unit: debianUnit,
    runtimeFolder: "okmail-opendkim-rsa",
    configuration: "/etc/opendkim.conf",
    signingTable: "/etc/opendkim/signing.table",
  },
  {
    algorithm: "ed25519-sha256",
    unit: "okmail-opendkim-ed25519.service",
    runtimeFolder: "okmail-opendkim-ed25519",
    configuration: "/etc/opendkim/ed25519.conf",
    signingTable: "/etc/opendkim/ed25519.table",
  },
];

/** Path of the private key on the host, in the folder that Debian's package has for keys (0700, opendkim). */
export function dkimKeyPath(selector: string): string {
  return `/etc/dkimkeys/${selector}.pem`;
}

/**
 * Where Postfix finds the signers, as it writes milters: `unix:/run/okmail-opendkim-rsa/milter`. No TCP: for that Postfix
 * fills a buffer of 128 KiB anew for each message, and a signed message takes a seventh more of the processor's time.
 */
export function milters(keys: readonly SignerKey[]): string[] {
  return signersOf(keys).map((signer) => `unix:${socketOf(signer)}`);
}

function socketOf({ runtimeFolder }: Signer): string {
  return `/run/${runtimeFolder}/milter`;
}

/**
 * OpenDKIM, for signing only. The keys stand in a key table, whose files are read for each message: so OpenDKIM starts
 * without the keys, answers "try again" until they are there, and takes new ones at once.
 */
export function openDkimPart(options: OpenDkimOptions): HostPart {
  const { domain, helo, dkim } = options;
  const rows = dkim.map(({ selector }) => `${selector} ${domain}:${selector}:${dkimKeyPath(selector)}\n`);
  return {
    packages: ["opendkim", "opendkim-tools"],
    services: signersOf(dkim).map(({ unit }) => unit),
    files: [
      { path: keyTable, content: rows.join("") },
      { path: policyScript, content: fromPolicy([domain, helo]) },
      ...signersOf(dkim).flatMap((signer) => signerFiles(signer, options)),
    ],
  };
}

function signersOf(keys: readonly SignerKey[]): Signer[] {
  return signers.filter((signer) => keys.some(({ algorithm }) => algorithm === signer.algorithm));
}

function signerFiles(signer: Signer, { domain, helo, dkim }: OpenDkimOptions): HostFile[] {
  const keys = dkim.filter(({ algorithm }) => algorithm === signer.algorithm);
  const rows = keys.flatMap(({ selector }) => [`*@${domain} ${selector}\n`, `*@${helo} ${selector}\n`]);
  const files = [
    { path: signer.configuration, content: configuration(signer, keys.length) },
    { path: signer.signingTable, content: rows.join("") },
  ];
  const unit =
    signer.unit === debianUnit
      ? { path: `/etc/systemd/system/${signer.unit}.d/okmail.conf`, content: `[Unit]\n${sections(signer)}` }
      : { path: `/etc/systemd/system/${signer.unit}`, content: unitFile(signer) };
  return [...files, unit];
}

/**
 * Keys are read as OpenDKIM's user, the socket is for Postfix. With a policy script OpenDKIM 2.11 loses about 1 kB on each
 * message; restarted at the limit, it has mail tried again. However often: systemd would give up at the fifth time.
 */
function sections({ runtimeFolder }: Signer): string {
  return `StartLimitIntervalSec=0

[Service]
User=opendkim
Group=postfix
RuntimeDirectory=${runtimeFolder}
RuntimeDirectoryMode=0750
Environment=MALLOC_ARENA_MAX=1
MemoryMax=256M
Restart=on-failure
`;
}

function configuration(signer: Signer, keys: number): string {
  const { algorithm, signingTable, unit } = signer;
  return `# Signs, and verifies nothing: so it needs no DNS.
Mode s
Socket local:${socketOf(signer)}
UMask 007
${unit === debianUnit ? "PidFile /run/opendkim/opendkim.pid\n" : ""}Syslog yes

# Which author's mail is signed with which key.
SigningTable refile:${signingTable}
KeyTable file:${keyTable}
${keys > 1 ? "MultipleSignatures yes\n" : ""}# Mail of other authors is refused.
SetupPolicyScript ${policyScript}
SignatureAlgorithm ${algorithm}
# Survives changed white space (RFC 6376 3.4).
Canonicalization relaxed/relaxed
# One From (RFC 5322 3.6), and nobody can add a second (RFC 6376 8.15).
RequiredHeaders yes
OversignHeaders From
`;
}

/**
 * Mail that no row of the signing table fits would pass unsigned, and so does mail whose From isn't read as an address,
 * which Postfix refuses for that (milter_header_checks). Each author has to be ours, not just the first, by whom
 * OpenDKIM goes. Names in quotes and comments may be what they like (RFC 5322 3.2).
 */
function fromPolicy(domains: readonly string[]): string {
  const entries = domains.map((domain) => `["${domain}"] = true`);
  return `-- Only mail by authors of these domains may pass, or it would leave unsigned.
local ours = { ${entries.join(", ")} }
local refused = not ours[odkim.get_fromdomain(ctx)]
-- From without quoted names and comments, for each author counts.
local rest, authors = (odkim.get_header(ctx, "From", 0) or ""):gsub("\\\\.", ""), ""
while true do
  local start = rest:find('["(]')
  authors = authors .. rest:sub(1, (start or 0) - 1)
  if not start then break end
  local _, stop = rest:find(rest:sub(start, start) == "(" and "^%b()" or '^"[^"]*"', start)
  if not stop then refused = true break end
  rest = rest:sub(stop + 1)
end
for domain in authors:gmatch("@%s*([^%s,;>]*)") do
  refused = refused or not ours[domain:lower()]
end
if refused then
  odkim.log(ctx, (odkim.get_mtasymbol(ctx, "i") or "?") .. ": refused, From is of another domain")
  odkim.set_result(ctx, SMFIS_REJECT)
end
`;
}

function unitFile(signer: Signer): string {
  return `[Unit]
Description=OpenDKIM, signing with ${signer.algorithm}
After=network-online.target opendkim.service
Wants=network-online.target
${sections(signer)}ExecStart=/usr/sbin/opendkim -f -x ${signer.configuration}

[Install]
WantedBy=multi-user.target
`;
}
