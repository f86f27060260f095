import { describe, expect, test } from "vitest";
import { providerDefaultName } from "../../mail/host-name.ts";

describe("providerDefaultName", () => {
  test.each([
    ["ec2-203-0-113-25.compute-1.amazonaws.com", "AWS EC2 public"],
    ["ec2-203-0-113-25.eu-central-1.compute.amazonaws.com", "AWS EC2 public"],
    ["ec2-203-0-113-25.cn-north-1.compute.amazonaws.com.cn", "AWS EC2 public"],
    ["ip-10-24-34-0.ec2.internal", "AWS EC2 private"],
    ["ip-10-24-34-0.eu-central-1.compute.internal", "AWS EC2 private"],
    ["i-0123456789abcdef0.eu-central-1.compute.internal", "AWS EC2 private"],
    ["ip-10-24-34-0", "AWS EC2 private"],
    ["25.113.0.203.bc.googleusercontent.com", "Google Cloud public"],
    ["vm.europe-west1-b.c.project-1.internal", "Google Cloud private"],
    ["vm.c.project-1.internal", "Google Cloud private"],
    ["vm.f6ab.bx.internal.cloudapp.net", "Azure private"],
    ["vm.westeurope.cloudapp.azure.com", "Azure public"],
    ["vm.cloudapp.net", "Azure public"],
    ["host.sub1.vcn1.oraclevcn.com", "Oracle Cloud private"],
    ["static.25.113.0.203.clients.your-server.de", "Hetzner public"],
    ["vps-0123abcd.vps.ovh.net", "OVHcloud public"],
    ["25.ip-203-0-113.eu", "OVHcloud public"],
    ["203-0-113-25.ip.linodeusercontent.com", "Linode public"],
    ["203.0.113.25.vultrusercontent.com", "Vultr public"],
    ["25-113-0-203.instances.scw.cloud", "Scaleway public"],
    ["vmi123456.contaboserver.net", "Contabo public"],
    ["localhost", "operating system"],
    ["localhost.localdomain", "operating system"],
    ["debian.localdomain", "operating system"],
  ])("%s is %s", (name, provider) => expect(providerDefaultName(name)).toBe(provider));

  test.each([
    "okmail.example.com",
    // A name of one's own that only looks like one of theirs.
    "compute-1.example.com",
    "ec2.internal.example.com",
    "ip-10-24-34-0.example.com",
    "localhost-1.example.com",
    "amazonaws.com",
    "email-smtp.eu-central-1.amazonaws.com",
    "",
  ])("%j is nobody's", (name) => expect(providerDefaultName(name)).toBeUndefined());
});
