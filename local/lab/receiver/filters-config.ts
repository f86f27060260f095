import { RECEIVER_PATHS, RECEIVER_PORTS, type ReceiverNames } from "./postfix-config.ts";

/** policyd-spf.conf(5): fail refuses, for either identity; errors of the record are the sender's, errors of the DNS nobody's. */
export const policydSpfConf = ({ hostname }: ReceiverNames) => `debugLevel = 1
TestOnly = 1
HELO_reject = Fail
Mail_From_reject = Fail
PermError_reject = True
TempError_Defer = True
Header_Type = AR
Authserv_Id = ${hostname}
`;

/** opendkim.conf(5): verifies only. */
export const opendkimConf = ({ hostname }: ReceiverNames) => `Mode v
Socket inet:${RECEIVER_PORTS.opendkim}@127.0.0.1
UserID opendkim
AuthservID ${hostname}
AlwaysAddARHeader yes
Syslog yes
SyslogSuccess yes
LogWhy yes
# Without it the library that it asks with would turn to the root servers of the world. A ResolverConfiguration it would read anew for
# each message, and crash when two come at one time.
Nameservers 127.0.0.1
`;

/**
 * unbound.conf(5), of a resolver for OpenDKIM: asks the one name server, remembers nothing, and has nobody else remember anything, so
 * that a changed key is seen at once.
 */
export const unboundConf = (nameServer: string) => `server:
  interface: 127.0.0.1
  chroot: ""
  pidfile: ""
  use-syslog: no
  module-config: "iterator"
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
forward-zone:
  name: "."
  forward-addr: ${nameServer}
`;

/** opendmarc.conf(5): does what the author's domain asks for, on the word of the two checks before it. */
export const opendmarcConf = ({
  hostname,
}: ReceiverNames) => `Socket inet:${RECEIVER_PORTS.opendmarc}@127.0.0.1
UserID opendmarc
AuthservID ${hostname}
TrustedAuthservIDs ${hostname}
RejectFailures true
RequiredHeaders true
SPFSelfValidate true
PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat
Syslog true
HistoryFile ${RECEIVER_PATHS.history}
`;
