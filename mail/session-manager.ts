/**
 * A program for the host that installs the SSM agent, by which Session Manager opens a shell without SSH. Debian's
 * images don't have it. From AWS's bucket in the region, as "Manually installing SSM Agent on Debian Server" in the
 * Systems Manager user guide says.
 */
export function sessionManagerScript(region: string): string {
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return `#!/bin/sh
# Installs the SSM agent, so that Session Manager opens a shell on this host. There is no SSH.
set -eu
deb=$(mktemp --suffix=.deb)
trap 'rm -f "$deb"' EXIT
curl --fail --silent --show-error --retry 5 --connect-timeout 10 --max-time 300 --output "$deb" \\
  "https://s3.${region}.${suffix}/amazon-ssm-${region}/latest/debian_$(dpkg --print-architecture)/amazon-ssm-agent.deb"
dpkg --install "$deb"
systemctl enable --now amazon-ssm-agent.service
`;
}
