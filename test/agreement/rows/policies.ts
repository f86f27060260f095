import { generateKeyPairSync } from "node:crypto";
import { output, type Stack } from "../declared.ts";
import { ACCOUNT } from "../cloud.ts";
import { declare, goodStack } from "../good-stack.ts";
import { adding, all, before, dropping, set, unchanged, without, type Mutation } from "../mutation.ts";
import { because, receivers, rowsOn } from "../row.ts";
import { cloudConfig, userDataBase64 } from "../../../mail/cloud-config.ts";

const PARAMETER = "/okmail/example.com/dkim/k1";
const KEY = keyOf(2048);

/** A host that signs, as okmail's own components declare it. */
const signing: Stack = all(
  before(
    "okmail-host",
    ...[
      resource("aws:iam/role:Role", "role", {
        name: "role",
        assumeRolePolicy: allow({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }),
      }),
      resource("aws:iam/rolePolicy:RolePolicy", "role-policy", {
        name: "secrets",
        role: output("role", "name"),
        policy: allow({
          Action: "ssm:GetParameter",
          Resource: `arn:aws:ssm:${ACCOUNT.region}:${ACCOUNT.accountId}:parameter${PARAMETER}`,
        }),
      }),
      resource("aws:iam/instanceProfile:InstanceProfile", "profile", {
        name: "profile",
        role: output("role", "name"),
      }),
      resource("aws:ssm/parameter:Parameter", "key", {
        name: PARAMETER,
        type: "SecureString",
        value: KEY.privateKey,
      }),
    ],
  ),
  dropping("okmail-host", "userData"),
  set("okmail-host", {
    iamInstanceProfile: output("profile", "name"),
    userDataBase64: userDataBase64(
      cloudConfig({
        helo: "okmail.example.com",
        domain: "example.com",
        receivesMail: false,
        region: ACCOUNT.region,
        dkim: [{ selector: "k1", parameterName: PARAMETER, algorithm: "rsa-sha256" }],
        tls: {},
      }),
    ),
  }),
  adding(declare.record("dkim", "k1._domainkey.example.com", "TXT", published(KEY.publicKey))),
)(goodStack("okmail"));

const dkim = rowsOn("DKIM", signing);
const key = (content: string) => set("dkim", { content });
const softfail = set("spf", { content: '"v=spf1 ~all"' });
const dmarc = (text: string) => set("dmarc", { content: `"${text}"` });
const reject = dmarc("v=DMARC1; p=reject");
const saved = {
  differs: receivers("the DKIM signature aligns, so DMARC passes and the softfail weighs nothing"),
};

/** DKIM is advisory, as long as SPF passes. */
export const dkimRows = [
  dkim("nothing", unchanged, "passes"),
  dkim("nothing, and DMARC rejects", reject, "passes"),
  dkim("no key published", without("dkim"), "passes"),
  dkim("no key published, and DMARC rejects", all(without("dkim"), reject), "passes"),
  dkim("another key published", key(published(keyOf(2048).publicKey)), "passes"),
  dkim("a key of 1024 bits", key(published(keyOf(1024).publicKey)), "passes"),
  dkim("the key is revoked", key('"v=DKIM1; p="'), "passes"),
  dkim("the record is no DKIM record", key('"hello"'), "passes"),
  dkim(
    "two key records",
    adding(declare.record("again", "k1._domainkey.example.com", "TXT", '"v=DKIM1; p="')),
    "passes",
  ),
  dkim("the key under another selector", set("dkim", { name: "k2._domainkey.example.com" }), "passes"),
  dkim("softfail, saved by the signature", softfail, "spf-permits-address", {
    differs: receivers(because.softfail),
  }),
  dkim(
    "softfail and DMARC rejects, saved by the signature",
    all(softfail, reject),
    "spf-permits-address",
    saved,
  ),
  dkim(
    "softfail, DMARC rejects, no key published",
    all(softfail, reject, without("dkim")),
    "spf-permits-address",
  ),
  dkim(
    "softfail, DMARC rejects, another key published",
    all(softfail, reject, key(published(keyOf(2048).publicKey))),
    "spf-permits-address",
  ),
];

const row = rowsOn("DMARC", goodStack("okmail"));
const elsewhere: Mutation = set("dmarc", { name: "dmarc.example.com" });

/** DMARC is advisory, as long as SPF passes and aligns. */
export const dmarcRows = [
  row("p=reject", reject, "passes"),
  row("strict alignment", dmarc("v=DMARC1; p=reject; aspf=s; adkim=s"), "passes"),
  row("no record", without("dmarc"), "passes"),
  row("a record at another name", elsewhere, "passes"),
  row(
    "two records",
    adding(declare.record("again", "_dmarc.example.com", "TXT", '"v=DMARC1; p=reject"')),
    "passes",
  ),
  row("no policy in it", dmarc("v=DMARC1; rua=mailto:a@example.com"), "passes"),
  row("a policy that doesn't exist", dmarc("v=DMARC1; p=refuse"), "passes"),
  row("the version comes last", dmarc("p=reject; v=DMARC1"), "passes"),
];

function resource(type: string, name: string, inputs: Stack[number]["inputs"]): Stack[number] {
  return { type, name, inputs };
}

function allow(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
}

function keyOf(modulusLength: number): { readonly privateKey: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength });
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
  };
}

function published(publicKey: string): string {
  const record = `v=DKIM1; k=rsa; p=${publicKey}`;
  return `"${record.slice(0, 255)}" "${record.slice(255)}"`;
}
