import { expect, test } from "vitest";
import { tlsRptRecord } from "../../mail/tls-rpt.ts";

test.each<[string, readonly string[], string]>([
  ["one address", ["tls@example.com"], "v=TLSRPTv1; rua=mailto:tls@example.com"],
  [
    "two addresses",
    ["tls@example.com", "r@example.net"],
    "v=TLSRPTv1; rua=mailto:tls@example.com,mailto:r@example.net",
  ],
  // RFC 8460 3: comma, exclamation mark and semicolon end a URI.
  [
    "what ends a URI, encoded",
    ['"a,b;c!d"@example.com'],
    "v=TLSRPTv1; rua=mailto:%22a%2Cb%3Bc%21d%22@example.com",
  ],
])("the record has %s", (_, rua, expected) => {
  expect(tlsRptRecord({ rua })).toBe(expected);
});

test.each<[readonly string[], string]>([
  [[], "needs an address that reports go to"],
  [["tls"], 'the report address "tls" has no @'],
  [["mailto:tls@example.com"], "give the address alone"],
])("refuses reports to %j", (rua, message) => {
  expect(() => tlsRptRecord({ rua })).toThrow(message);
});
