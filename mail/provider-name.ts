/** Whose default names look how. Sources: the providers' own documents on instance host names and reverse DNS. */
const defaultNames: readonly (readonly [provider: string, pattern: RegExp])[] = [
  // ec2-203-0-113-25.us-west-2.compute.amazonaws.com, ec2-203-0-113-25.compute-1.amazonaws.com, …amazonaws.com.cn
  ["AWS EC2 public", /\.compute(-1)?\.amazonaws\.com(\.cn)?$/],
  // ip-10-24-34-0.us-west-2.compute.internal, i-0123456789abcdef.ec2.internal
  ["AWS EC2 private", /\.(ec2|compute)\.internal$/],
  // The same before a domain is known: ip-10-24-34-0
  ["AWS EC2 private", /^ip-\d+-\d+-\d+-\d+$/],
  // 25.113.0.203.bc.googleusercontent.com
  ["Google Cloud public", /\.bc\.googleusercontent\.com$/],
  // vm.europe-west1-b.c.project.internal, vm.c.project.internal
  ["Google Cloud private", /\.c\.[a-z0-9.-]+\.internal$/],
  // vm.f6ab.internal.cloudapp.net; stands before the public names, whose pattern it fits too
  ["Azure private", /\.internal\.cloudapp\.net$/],
  ["Azure public", /\.(cloudapp\.azure\.com|cloudapp\.net)$/],
  // host.subnet.vcn.oraclevcn.com
  ["Oracle Cloud private", /\.oraclevcn\.com$/],
  // static.25.113.0.203.clients.your-server.de
  ["Hetzner public", /\.(clients\.your-server\.de|your-cloud\.host)$/],
  // vps-0123abcd.vps.ovh.net, ns3012345.ip-203-0-113.eu, 25.ip-203-0-113.eu
  ["OVHcloud public", /(\.vps\.ovh\.(net|ca|us)|\.ip-\d+-\d+-\d+\.(eu|net))$/],
  // 203-0-113-25.ip.linodeusercontent.com, li123-45.members.linode.com
  ["Linode public", /\.(ip\.linodeusercontent\.com|members\.linode\.com)$/],
  // 203.0.113.25.vultrusercontent.com
  ["Vultr public", /\.(vultrusercontent\.com|vultr\.com)$/],
  // 25-113-0-203.instances.scw.cloud
  ["Scaleway public", /\.(instances|pub)\.scw\.cloud$/],
  // vmi123456.contaboserver.net
  ["Contabo public", /\.contaboserver\.net$/],
  // What Debian and its kin call themselves until told otherwise
  ["operating system", /^localhost(\.|$)|\.localdomain$/],
];

/** All patterns as one: hardly any name fits. */
const anyDefaultName = new RegExp(defaultNames.map(([, pattern]) => pattern.source).join("|"));

/**
 * Whose default host name `name` is ("AWS EC2 public"), undefined if it is nobody's. Mail from such a name counts
 * as mail from a machine that nobody set up to send. `name` is normalized (`normalizeName`).
 */
export function providerDefaultName(name: string): string | undefined {
  if (name.length > 253 || !anyDefaultName.test(name)) return undefined;
  return defaultNames.find(([, pattern]) => pattern.test(name))?.[0];
}
