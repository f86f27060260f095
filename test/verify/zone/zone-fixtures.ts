import { quoteTxt } from "../../../mail/txt.ts";

/** A key's record of 2048 bits is longer than one string of TXT. */
export const dkimText = `v=DKIM1; k=rsa; p=${"MIIBIjANBgkqhkiG9w0BAQEFAAOC".repeat(14)}`;

/** As pulumi stack output --json writes them, of a stack with two hosts. */
export const outputs = {
  domain: "example.com",
  hosts: [
    { helo: "okmail.example.com", address: "192.0.2.10", allocationId: "eipalloc-0a1b2c3d4e5f60718" },
    { helo: "okmail2.example.com", address: "192.0.2.11" },
  ],
  records: [
    { name: "okmail1._domainkey.example.com", type: "TXT", content: quoteTxt(dkimText) },
    { name: "Example.com.", type: "TXT", content: '"v=spf1 ip4:192.0.2.10 ip4:192.0.2.11 -all"' },
    { name: "_dmarc.example.com", type: "TXT", content: '"v=DMARC1; p=none; rua=mailto:d@example.com"' },
    {
      name: "okmail.example.com",
      type: "CAA",
      content: '0 issue "letsencrypt.org; validationmethods=http-01"',
    },
    {
      name: "_25._tcp.okmail.example.com",
      type: "TLSA",
      content: "3 1 1 0B9FA5A59EED715C26C1020C711B4F6EC42D58B0015E14337A39DAD301C5AFC3",
    },
    { name: "example.com", type: "MX", content: "10 okmail.example.com" },
    { name: "example.com", type: "MX", content: "10 okmail2.example.com" },
  ],
};
