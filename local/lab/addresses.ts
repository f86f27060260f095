/** The fixed addresses of the lab's internet; those of instances come from the store. */

/** The network of public hosts that are nobody's instance: TEST-NET-3 (RFC 5737). The router is its first host. */
export const PUBLIC_NETWORK = "203.0.113.0/24";
/** Asked by everybody, instances included. */
export const NAME_SERVER_ADDRESS = "203.0.113.53";
/** The strict receiver. */
export const RECEIVER_ADDRESS = "203.0.113.25";
/** The ACME server. */
export const ACME_ADDRESS = "203.0.113.14";
/** AWS's endpoints that instances talk to. */
export const AWS_ADDRESS = "203.0.113.16";
/** Where an instance asks about itself (EC2 user guide, "Instance Metadata Service"). */
export const METADATA_ADDRESS = "169.254.169.254";
/** The resolver of the VPC: the network's address plus two ("Amazon DNS server"). It is the name server in disguise. */
export const VPC_RESOLVER = "172.31.0.2";
