import type { Instance } from "./planned-resource.ts";

/** Something about a host that keeps it from being judged, or that its owner should know. */
export interface SenderNote {
  readonly kind:
    /** What it says in HELO can't be known. It is no sender then. */
    | "helo-undetermined"
    /** It has no Elastic IP and no NAT gateway with one: its address changes and can have no PTR. */
    | "no-static-address"
    /** An adopted Elastic IP whose address the plan doesn't tell. */
    | "address-undetermined"
    /** An Elastic IP on a host whose subnet routes through a NAT gateway. */
    | "nat-beside-elastic-ip"
    /** It hands all mail to a relay, and so says HELO to no receiver. It is no sender then. */
    | "relays"
    /** The tag mail:helo and Postfix disagree; Postfix counts. */
    | "tag-differs"
    /** Part of the user data of a mail host was not followed. */
    | "user-data"
    /** The user data can't be known yet, and no tag says whether it is a mail host's. Most likely it isn't. */
    | "user-data-unknown";
  /** The instance's logical name. */
  readonly host: string;
  readonly urn: string;
  /** A sentence. */
  readonly message: string;
  /** A sentence. */
  readonly fix: string;
}

/** Adds a note about one host. */
export type AddNote = (kind: SenderNote["kind"], message: string, fix: string) => void;

export function notesOn({ name, urn }: Instance, notes: SenderNote[]): AddNote {
  return (kind, message, fix) => notes.push({ kind, host: name, urn, message, fix });
}
