import type { TlsaData } from "dns-packet";
import type { CaaParts } from "../cloudflare/caa-content.ts";

/** The types that the local DNS holds data of, by their number (RFC 1035 section 3.2.2, RFC 3596, RFC 6698, RFC 8482 for HINFO, RFC 8659). */
export const TYPE_NUMBERS = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  TLSA: 52,
  CAA: 257,
} as const;

/** A type of which the local DNS can hold data. */
export type RecordType = keyof typeof TYPE_NUMBERS;

/** The data of a start of authority, in seconds but for names and serial (RFC 1035 section 3.3.13). */
export interface SoaData {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

interface DataByType {
  A: string;
  NS: string;
  CNAME: string;
  SOA: SoaData;
  PTR: string;
  HINFO: { readonly cpu: string; readonly os: string };
  MX: { readonly preference: number; readonly exchange: string };
  /** Character-strings of at most 255 octets each (RFC 1035 section 3.3.14). */
  TXT: readonly Buffer[];
  AAAA: string;
  TLSA: TlsaData;
  CAA: CaaParts;
}

/** One record of type `T`: owner name (canonical), seconds to live, data. */
export interface RecordOf<T extends RecordType> {
  readonly name: string;
  readonly type: T;
  readonly ttl: number;
  readonly data: DataByType[T];
}

/** A DNS record of any type that the local DNS holds. */
export type ResourceRecord = { [T in RecordType]: RecordOf<T> }[RecordType];
