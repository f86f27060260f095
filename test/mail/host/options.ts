import type { HostOptions } from "../../../mail/cloud-config.ts";

/** A host that only sends. */
export const sending: HostOptions = {
  helo: "okmail.example.com",
  domain: "example.com",
  region: "eu-central-1",
  dkim: [{ selector: "okmail1", parameterName: "/okmail/example.com/dkim/okmail1", algorithm: "rsa-sha256" }],
  receivesMail: false,
  tls: {},
};

/** A host with all there is. */
export const complete: HostOptions = {
  ...sending,
  dkim: [
    ...sending.dkim,
    { selector: "okmail1e", parameterName: "/okmail/example.com/dkim/okmail1e", algorithm: "ed25519-sha256" },
  ],
  receivesMail: true,
  bounceAddress: "ops@example.net",
  acceptedAddresses: ["dmarc@example.com", "tls@example.com"],
  submission: {
    users: [{ name: "app", parameterName: "/okmail/example.com/submission/app" }],
    messagesPerHour: 1000,
  },
  tls: { acme: { directory: "https://acme-v02.api.letsencrypt.org/directory", email: "ops@example.net" } },
  watch: {
    parameterName: "/okmail/example.com/watch",
    digest: "e9f480c994f8a0a38264c1e88992d5c493c351ce187944e237411cfc4a7f5e87",
  },
};
