import { elasticIpOf } from "../../local/aws/association.ts";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { NoGuestError, readGuest, type Guest } from "../../local/host/guest.ts";
import { sendMessage } from "../../local/host/send-message.ts";
import type { Sender } from "../../mail/judge.ts";
import { asText } from "../../local/store.ts";
import { ACCOUNT, type Cloud, type Created } from "./cloud.ts";
import { valueOf } from "./planned.ts";
import type { Row } from "./row.ts";

/** A receiver's answer to one host. */
export interface Answer {
  readonly code: number;
  /** The enhanced status code (RFC 3463). */
  readonly status: string;
}

/** Each mail host of the row's stack sends one letter from each of its addresses to the receiver. */
export async function deliveries(row: Row, created: Created, cloud: Cloud): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const guest of guests(row, created, cloud)) {
    const letter = {
      from: `postmaster@${row.domain}`,
      to: [`you@${cloud.plane.receiver.domain}`],
      subject: row.title,
      text: "Hello\n",
    };
    const delivery = await sendMessage(guest, letter, cloud.plane.receiver);
    if (delivery.status === "held") throw new Error(`${row.title}: no letter came off: ${delivery.reason}`);
    const { code, status = "", reply } = delivery.receipt;
    if (code === 0) throw new Error(`${row.title}: the receiver said nothing: ${reply}`);
    answers.push({ code, status });
  }
  return answers;
}

/** The hosts as the judge wants them, by what they really do and not by what the plan says of them. */
export function sendersOf(row: Row, created: Created, cloud: Cloud): Sender[] {
  return guests(row, created, cloud).map(({ source, helo, signing }) => ({
    addresses: source.ip === undefined ? [] : [source.ip],
    helo,
    mailFrom: row.domain,
    selectors: signing.map(({ selector, domain }) => ({ selector, domain })),
  }));
}

/** The mail hosts: as the local cloud reads them, but for what the row says of them; one for each address. */
function guests(row: Row, created: Created, cloud: Cloud): Guest[] {
  const instances = row.stack.filter(({ type }) => type === AWS_TYPES.instance);
  return instances.flatMap(({ name }) => {
    const facts = row.guests[name];
    if (facts === "none") return [];
    const guest = readOrImagine(asText(created.outputs.get(name)?.id), name, facts?.helo, cloud);
    const from = facts?.from?.map((output) => valueOf(output, created.outputs));
    return from === undefined
      ? [guest]
      : from.map((address) => ({ ...guest, source: { kind: "elastic" as const, ip: address } }));
  });
}

/** A host that says `helo`, if the row has to say it; the row must not say what the local cloud knows. */
function readOrImagine(id: string, name: string, helo: string | undefined, { store }: Cloud): Guest {
  const guest = tryReading(id, store);
  if (helo === undefined) return guest instanceof NoGuestError ? raise(guest) : guest;
  if (!(guest instanceof NoGuestError)) {
    if (guest.helo === helo) throw new Error(`the local cloud knows that ${name} says ${helo}`);
    return { ...guest, helo };
  }
  const instance = store.find(AWS_TYPES.instance, id);
  const address = instance && asText(elasticIpOf(store, instance)?.outputs.publicIp);
  return {
    instanceId: id,
    helo,
    source: address === undefined || address === "" ? { kind: "none" } : { kind: "elastic", ip: address },
    setting: () => "",
    signing: [],
    letsOut: () => true,
  };
}

function tryReading(id: string, store: Cloud["store"]): Guest | NoGuestError {
  try {
    return readGuest(store, ACCOUNT, id);
  } catch (error) {
    if (error instanceof NoGuestError) return error;
    throw error;
  }
}

function raise(error: Error): never {
  throw error;
}
