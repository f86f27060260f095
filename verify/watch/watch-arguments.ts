import { parseArgs } from "node:util";
import { mailboxFault } from "../../mail/address.ts";
import { topicFault } from "../../mail/topic.ts";
import {
  askingOf,
  askingOptions,
  askingUsage,
  sourceOf,
  sourceOptions,
  sourceUsage,
  type Asking,
  type Source,
} from "../verify-arguments.ts";
import type { MailServer } from "./mail.ts";

/** Who is told of changes, beyond standard output. */
export type Audience =
  | { readonly kind: "topic"; readonly arn: string }
  /** `from` undefined: postmaster of the domain. */
  | {
      readonly kind: "mail";
      readonly to: string;
      readonly from: string | undefined;
      readonly server: MailServer;
    };

/** What `okmail watch` understands. */
export interface WatchArguments extends Asking {
  readonly source: Source;
  readonly state: string;
  /** Files to write besides; undefined: none. */
  readonly metrics: string | undefined;
  readonly markdown: string | undefined;
  readonly json: boolean;
  /** Runs in a row in which nobody can tell until that is told. */
  readonly patience: number;
  readonly audience: Audience | undefined;
}

export const watchUsage = `okmail watch --stack NAME --state FILE
okmail watch --outputs FILE --state FILE
okmail watch --domain DOMAIN --address ADDRESS --helo NAME [--selector SELECTOR] --state FILE

Verifies a live mail sender as okmail verify does, and tells what has changed since the run before: for cron and the like.

${sourceUsage}

  --state FILE         what is known from run to run; made by the first
  --patience N         how many runs in a row something can't be told until that is told; otherwise 3
  --metrics FILE       write how things stand to FILE, such as okmail.prom, for Prometheus' node exporter
  --markdown FILE      write changes and what stands to FILE, as for an issue
  --json               write them as JSON to standard output; otherwise changes are written there as Markdown
  --sns-topic ARN      tell changes to an SNS topic; credentials come from the environment as for every tool of AWS
  --mail ADDRESS       tell changes by mail
  --smtp URL           the server for it: smtp://HOST[:PORT], smtps://HOST, with a user smtp://USER@HOST and the password
                       in OKMAIL_SMTP_PASSWORD; better not the sender that is watched
  --mail-from ADDRESS  whom the mail is from; otherwise postmaster of the domain

${askingUsage}

What is told is remembered once it has been delivered; if it can't be, the next run tells it.
Ends with 0 if nothing has changed. After a change with 1 if something mandatory disagrees, 2 if something mandatory can't be
told, 3 otherwise. With 69 if it could not be told to anybody, 64 for a wrong command line or state file.`;

const mostPatience = 100;

/** Reads the command line after `watch`. @throws Error that names the option, what is wrong and what to write */
export function readWatchArguments(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): WatchArguments {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      ...sourceOptions,
      ...askingOptions,
      state: { type: "string" },
      patience: { type: "string", default: "3" },
      metrics: { type: "string" },
      markdown: { type: "string" },
      json: { type: "boolean", default: false },
      "sns-topic": { type: "string" },
      mail: { type: "string" },
      smtp: { type: "string" },
      "mail-from": { type: "string" },
    },
  });
  const state = fileOf("--state", values.state);
  if (state === undefined)
    throw new Error("--state is missing: give the file that keeps what was told, such as --state watch.json");
  return {
    source: sourceOf(values),
    ...askingOf(values),
    state,
    metrics: fileOf("--metrics", values.metrics),
    markdown: fileOf("--markdown", values.markdown),
    json: values.json,
    patience: patienceOf(values.patience),
    audience: audienceOf(values, env.OKMAIL_SMTP_PASSWORD),
  };
}

function fileOf(option: string, file: string | undefined): string | undefined {
  if (file === "") throw new Error(`${option} is empty; give a file`);
  return file;
}

function patienceOf(text: string): number {
  const patience = Number(text);
  if (/^\d{1,3}$/.test(text) && patience >= 1 && patience <= mostPatience) return patience;
  throw new Error(`--patience is "${text}"; give a number of runs from 1 to ${mostPatience}`);
}

interface AudienceOptions {
  readonly "sns-topic"?: string | undefined;
  readonly mail?: string | undefined;
  readonly smtp?: string | undefined;
  readonly "mail-from"?: string | undefined;
}

function audienceOf(options: AudienceOptions, password: string | undefined): Audience | undefined {
  const { mail: to, smtp, "sns-topic": arn, "mail-from": from } = options;
  // Of two, one may fail for long, and the other would be told each time.
  if (arn !== undefined && to !== undefined)
    throw new Error("--sns-topic and --mail are both given; run it for each, with a state file each");
  if (to === undefined) {
    if (smtp !== undefined || from !== undefined)
      throw new Error(`${smtp === undefined ? "--mail-from" : "--smtp"} goes with --mail ADDRESS`);
    if (arn === undefined) return undefined;
    const fault = topicFault(arn);
    if (fault !== undefined)
      throw new Error(
        `--sns-topic "${arn}" ${fault}. Give one such as arn:aws:sns:eu-central-1:123456789012:okmail.`,
      );
    return { kind: "topic", arn };
  }
  if (smtp === undefined)
    throw new Error(
      "--smtp is missing: give the server that takes the mail, such as --smtp smtp://mail.example.net",
    );
  return {
    kind: "mail",
    to: mailboxOf("--mail", to),
    from: from === undefined ? undefined : mailboxOf("--mail-from", from),
    server: serverOf(smtp, password),
  };
}

function mailboxOf(option: string, address: string): string {
  const fault = mailboxFault(address);
  if (fault === undefined) return address;
  throw new Error(`${option} is "${address}", which ${fault}. Give an address such as ops@example.net.`);
}

function serverOf(text: string, password: string | undefined): MailServer {
  const url = URL.parse(text);
  const tls = url?.protocol === "smtps:";
  // It isn't repeated where there may be a password in it.
  if (url?.password) throw new Error("--smtp has a password in it; put that into OKMAIL_SMTP_PASSWORD");
  if (url === null || url.hostname === "" || !/^smtps?:$/.test(url.protocol) || !/^\/?$/.test(url.pathname))
    throw new Error(
      `--smtp is "${text}". Give the server as smtp://mail.example.net:587 or smtps://mail.example.net.`,
    );
  const user = decodeURIComponent(url.username);
  if (user !== "" && !password)
    throw new Error(`--smtp names the user ${user}, and OKMAIL_SMTP_PASSWORD is not set`);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port) || (tls ? 465 : user === "" ? 25 : 587),
    tls,
    ...(user !== "" && password && { login: { user, password } }),
  };
}
