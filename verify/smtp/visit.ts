import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import type { Endpoint } from "../endpoint.ts";
import { SmtpConnection, SmtpFault, type SmtpLimits, type SmtpReply } from "./connection.ts";

/** One probe for an open relay: an envelope that a host must refuse to strangers. */
export interface RelayProbe {
  readonly from: string;
  readonly to: string;
}

export interface VisitOptions {
  /** The host's name, for the certificate. */
  readonly name: string;
  /** What we say in EHLO. @default our address literal */
  readonly ownName?: string | undefined;
  readonly relayProbes: readonly RelayProbe[];
  /** Certification authorities to trust, in PEM. @default those that Node trusts */
  readonly authorities?: readonly string[] | undefined;
  readonly limits?: SmtpLimits | undefined;
}

/** What the TLS of a session was. */
export interface Encryption {
  /** `TLSv1.3` */
  readonly protocol: string;
  readonly cipher: string;
  /** Why a client that verifies would not go on, a phrase that follows "the certificate"; undefined if it would. */
  readonly fault: string | undefined;
  /** When the certificate expires. */
  readonly expires: Date | undefined;
  /** Certificates in DER, the host's own first. */
  readonly chain: readonly Buffer[];
}

export interface RelayAnswer extends RelayProbe {
  readonly reply: SmtpReply;
}

/** What a mail server showed of itself, as far as the session came. */
export interface Visit {
  /** The banner: 220 and what follows it. */
  readonly banner: SmtpReply | undefined;
  readonly ehlo: SmtpReply | undefined;
  readonly offersTls: boolean;
  readonly encryption: Encryption | undefined;
  readonly relay: readonly RelayAnswer[];
  /** Why it ended early. */
  readonly fault: SmtpFault | undefined;
}

/**
 * Visits a mail server as a sender does: banner, EHLO, STARTTLS, then envelopes that it has to refuse. No message is ever
 * sent: each envelope ends before DATA. Never rejects.
 */
export async function visit(endpoint: Endpoint, options: VisitOptions): Promise<Visit> {
  const seen: { -readonly [Key in keyof Visit]: Visit[Key] } = {
    banner: undefined,
    ehlo: undefined,
    offersTls: false,
    encryption: undefined,
    relay: [],
    fault: undefined,
  };
  let connection: SmtpConnection | undefined;
  try {
    connection = await SmtpConnection.open(endpoint, options.limits);
    seen.banner = await connection.reply("banner");
    if (seen.banner.code !== 220) return seen;
    const hello = `EHLO ${options.ownName ?? connection.addressLiteral}`;
    seen.ehlo = await connection.command(hello, "EHLO");
    seen.offersTls = seen.ehlo.lines.some((line) => /^STARTTLS\b/i.test(line));
    if (seen.offersTls && (await connection.command("STARTTLS", "STARTTLS")).code === 220) {
      seen.encryption = encryptionOf(
        await connection.encrypt(options.name, options.authorities),
        options.name,
      );
      await connection.command(hello, "EHLO");
    }
    for (const probe of options.relayProbes) {
      // What was found out stays found out, whatever comes next.
      seen.relay = [...seen.relay, { ...probe, reply: await probeRelay(connection, probe) }];
      await connection.command("RSET", "RSET");
    }
  } catch (error) {
    if (!(error instanceof SmtpFault)) throw error;
    seen.fault = error;
  } finally {
    connection?.close();
  }
  return seen;
}

/** The reply to the envelope, before any message could follow. */
async function probeRelay(connection: SmtpConnection, { from, to }: RelayProbe): Promise<SmtpReply> {
  const mail = await connection.command(`MAIL FROM:<${from}>`, "MAIL");
  return mail.code === 250 ? connection.command(`RCPT TO:<${to}>`, "RCPT") : mail;
}

function encryptionOf(socket: TLSSocket, name: string): Encryption {
  const certificate = socket.getPeerCertificate(true);
  const expires = new Date(certificate.valid_to);
  return {
    protocol: socket.getProtocol() ?? "TLS",
    cipher: socket.getCipher().name,
    fault: certificateFault(socket, name),
    expires: Number.isNaN(expires.getTime()) ? undefined : expires,
    chain: chainOf(certificate),
  };
}

const reasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "has expired",
  CERT_NOT_YET_VALID: "is not valid yet",
  DEPTH_ZERO_SELF_SIGNED_CERT: "is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "leads to an authority that nobody knows",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "comes without the certificate of its issuer",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "leads to an authority that nobody knows",
};

function certificateFault(socket: TLSSocket, name: string): string | undefined {
  // Typed as an error; it is the code of one.
  const error = socket.authorizationError as unknown as string | Error | null;
  const code = error instanceof Error ? error.message : (error ?? "");
  if (code === "") return undefined;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `is not for the name ${name}`;
  return reasons[code] ?? `is not accepted (${code})`;
}

/** Own certificate first, each issuer once. The last is its own issuer, or has none. */
function chainOf(certificate: DetailedPeerCertificate): Buffer[] {
  const chain: Buffer[] = [];
  let next: Partial<DetailedPeerCertificate> | undefined = certificate;
  for (
    let der = next.raw;
    der !== undefined && !chain.some((known) => known.equals(der as Buffer));
    der = next?.raw
  ) {
    chain.push(der);
    next = next?.issuerCertificate;
  }
  return chain;
}
