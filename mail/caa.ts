import { hostNameFault } from "./host-name.ts";

/** The data of a CAA record (RFC 8659 4.1). */
export interface CaaData {
  readonly flags: number;
  readonly tag: string;
  readonly value: string;
}

/**
 * The CAA data by which `issuer`, the name that a certification authority calls itself by ("letsencrypt.org"), may issue
 * certificates for a name, and no other authority may (RFC 8659 4.2). It must prove control over HTTP, as our hosts do
 * (RFC 8657 4).
 * @throws RangeError if `issuer` is no host name
 */
export function caaIssue(issuer: string): CaaData {
  const fault = hostNameFault(issuer);
  if (fault !== undefined) throw new RangeError(`the certification authority "${issuer}" ${fault}`);
  return { flags: 0, tag: "issue", value: `${issuer}; validationmethods=http-01` };
}
