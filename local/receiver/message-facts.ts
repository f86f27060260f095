import { dkimVerify, dmarc, type DNSResolver } from "mailauth";
import type { ClientFacts } from "./client-facts.ts";
import type { Resolve } from "./lookup.ts";

/** What came of one DKIM signature (RFC 6376), or `none` where there is no signature. */
export interface DkimFact {
  readonly result: string;
  /** `d=`; undefined where there is no signature. */
  readonly domain?: string;
  readonly selector?: string;
  readonly algorithm?: string;
  /** Size of the key in bits, for RSA. */
  readonly keyBits?: number;
  readonly comment?: string;
  /** The entry for Authentication-Results. */
  readonly info: string;
}

/** What came of DMARC (RFC 9989). */
export interface DmarcFact {
  readonly result: string;
  /** The author's domain; undefined where the message has none, or several. */
  readonly from?: string;
  /** What the domain asks receivers to do with what fails: none, quarantine, reject. */
  readonly policy?: string;
  /** The domain in whose name SPF or DKIM passed, where it is aligned with the author's. */
  readonly aligned: { readonly spf?: string; readonly dkim?: string };
  /** The entry for Authentication-Results. */
  readonly info: string;
}

/** What a receiver finds out about a message. */
export interface MessageFacts {
  readonly size: number;
  /** Addresses of the From field. */
  readonly from: readonly string[];
  readonly dkim: readonly DkimFact[];
  readonly dmarc: DmarcFact;
}

/** Receivers take no shorter RSA key (RFC 8301 section 3.2). */
const MIN_KEY_BITS = 1024;

/** Verifies the signatures of a message (with CRLF line ends) and evaluates its author's policy. */
export async function examineMessage(
  resolve: Resolve,
  message: Buffer,
  client: ClientFacts,
): Promise<MessageFacts> {
  const resolver = resolve as DNSResolver;
  const verified = await dkimVerify(message, {
    resolver,
    ...(client.mailFrom !== "" && { sender: client.mailFrom }),
    minBitLength: MIN_KEY_BITS,
    strict: true,
  });
  const signatures = verified.results.filter(({ status }) => status.result === "pass");
  const policy = await dmarc({
    headerFrom: verified.headerFrom,
    fromFields: verified.fromFields,
    spfDomains: passingSpfDomains(client),
    dkimDomains: signatures.flatMap(({ id, signingDomain, status: { aligned, underSized } }) =>
      signingDomain === undefined
        ? []
        : [
            {
              domain: signingDomain,
              ...(id !== undefined && { id }),
              ...(aligned !== undefined && { aligned }),
              ...(underSized !== undefined && { underSized }),
            },
          ],
    ),
    resolver,
    strict: true,
  });
  return {
    size: message.length,
    from: verified.headerFrom,
    dkim: verified.results.map(dkimFact),
    dmarc: policy === false ? NO_AUTHOR : dmarcFact(policy),
  };
}

/** DMARC knows the MAIL FROM identity only, which for the null reverse-path is the HELO name (RFC 9989 section 4.4.2). */
function passingSpfDomains({ spfMailFrom, spfHelo }: ClientFacts): string[] {
  const check = spfMailFrom ?? spfHelo;
  return check.result === "pass" ? [check.domain] : [];
}

type DkimResult = Awaited<ReturnType<typeof dkimVerify>>["results"][number];
type DmarcResult = Exclude<Awaited<ReturnType<typeof dmarc>>, false>;

/** Without a single author's domain nothing can be evaluated (RFC 9989 section 5.3.1). */
const NO_AUTHOR: DmarcFact = { result: "permerror", aligned: {}, info: "dmarc=permerror" };

function dkimFact(result: DkimResult): DkimFact {
  const { status, signingDomain, selector, algo, modulusLength, info } = result;
  return {
    result: status.result,
    ...(signingDomain !== undefined && { domain: signingDomain }),
    ...(selector !== undefined && { selector }),
    ...(algo !== undefined && { algorithm: algo }),
    ...(modulusLength !== undefined && { keyBits: modulusLength }),
    ...(status.comment !== undefined && { comment: status.comment }),
    info,
  };
}

function dmarcFact(result: DmarcResult): DmarcFact {
  const { status, info } = result;
  const { from } = status.header ?? {};
  // Where there is no record, or none can be had, these are missing, whatever the types say.
  const { policy, alignment } = result as Partial<DmarcResult>;
  return {
    result: status.result,
    ...(from !== undefined && { from }),
    ...(policy !== undefined && { policy }),
    aligned: {
      ...(alignment?.spf.result !== undefined && { spf: alignment.spf.result }),
      ...(alignment?.dkim.result !== undefined && { dkim: alignment.dkim.result }),
    },
    info,
  };
}
