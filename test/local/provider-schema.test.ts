import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SELECTIONS, renderSchema, schemaPath } from "../../local/provider/generate-schemas.ts";
import { SCHEMAS, functionSchema, resourceSchema } from "../../local/provider/schemas.ts";

test.each(SELECTIONS.map((selection) => [selection.name, selection] as const))(
  "the schema of %s says what the installed SDK says (else: node local/provider/generate-schemas.ts)",
  async (name, selection) => {
    expect(readFileSync(schemaPath(name), "utf8")).toBe(await renderSchema(selection));
  },
  30_000,
);

test.each(Object.values(SCHEMAS).map((schema) => [schema.name, schema.version] as const))(
  "the schema of %s is of the version installed",
  (name, version) => {
    const path = new URL(`../../node_modules/@pulumi/${name}/package.json`, import.meta.url);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ version });
  },
);

describe("what is read from the SDK", () => {
  // Samples by hand, so that a reader of everything as "any" would be noticed.
  test.each([
    ["aws:ec2/eip:Eip", "inputs", { "address?": "string", "tags?": { "*": "string" } }],
    [
      "aws:ec2/eip:Eip",
      "outputs",
      { allocationId: "string", publicIp: "string", "tags?": { "*": "string" } },
    ],
    ["aws:ec2/eipDomainName:EipDomainName", "inputs", { allocationId: "string", domainName: "string" }],
    [
      "aws:ec2/instance:Instance",
      "inputs",
      { "instanceType?": "string", "vpcSecurityGroupIds?": ["string"] },
    ],
    ["aws:iam/role:Role", "inputs", { assumeRolePolicy: "string" }],
    ["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "inputs", { "fromPort?": "number" }],
    ["tls:index/privateKey:PrivateKey", "outputs", { privateKeyPem: "string", rsaBits: "number" }],
    [
      "cloudflare:index/dnsRecord:DnsRecord",
      "inputs",
      { zoneId: "string", "proxied?": "boolean", ttl: "number" },
    ],
  ] as const)("%s has its %s", (type, side, expected) => {
    expect(resourceSchema(type)[side]).toMatchObject(expected);
  });

  test("a block within an instance has its properties", () => {
    const { inputs, outputs } = resourceSchema("aws:ec2/instance:Instance");
    expect(inputs["rootBlockDevice?"]).toMatchObject({ "encrypted?": "boolean", "volumeSize?": "number" });
    expect(outputs.rootBlockDevice).toMatchObject({ encrypted: "boolean", volumeId: "string" });
  });

  test("a function has arguments and results", () => {
    expect(functionSchema("aws:ssm/getParameter:getParameter")).toMatchObject({
      inputs: { name: "string", "withDecryption?": "boolean" },
      outputs: { value: "string", version: "number" },
    });
  });

  test("a type that wasn't read is asked for in vain", () => {
    expect(() => resourceSchema("aws:s3/bucket:Bucket")).toThrow("generate-schemas.ts");
  });
});
