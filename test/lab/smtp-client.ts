import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabHost } from "../../local/lab/host.ts";
import { RECEIVER_ADDRESS } from "../../local/lab/addresses.ts";

/** A message and who sends it. */
export interface Submission {
  readonly helo: string;
  readonly mailFrom: string;
  readonly recipients: readonly string[];
  /** With CRLF line ends. */
  readonly content: string;
  /** @default true */
  readonly starttls?: boolean;
}

/** What Python's own SMTP client, on the host, hears: the reply that decided. It shares nothing with this project. */
const PROGRAM = `
import json, smtplib, ssl, sys
order = json.load(sys.stdin)
def reply(pair): return f"{pair[0]} {pair[1].decode()}"
try:
    client = smtplib.SMTP(order["server"], 25, local_hostname=order["helo"], timeout=60)
except OSError as error:
    print(json.dumps(str(error))); sys.exit()
client.ehlo()
if order["starttls"]:
    client.starttls(context=ssl._create_unverified_context()); client.ehlo()
last = client.mail(order["mailFrom"])
taken = 0
for recipient in order["recipients"]:
    answer = client.rcpt(recipient)
    taken += answer[0] < 300
    if answer[0] >= 300: last = answer
if taken:
    client.putcmd("DATA"); client.getreply()
    client.send(order["content"].encode("latin-1") + b".\\r\\n")
    last = client.getreply()
client.quit()
print(json.dumps(reply(last)))
`;

/** Sends to the lab's receiver from a host; the reply as `550 5.7.1 …`, or what went wrong with the connection. */
export async function submit(host: LabHost, submission: Submission): Promise<string> {
  writeFileSync(join(host.root, "/tmp/submit.py"), PROGRAM);
  const order = { starttls: true, server: RECEIVER_ADDRESS, ...submission };
  const output = await host.check(["python3", "/tmp/submit.py"], { input: JSON.stringify(order) });
  return JSON.parse(output) as string;
}
