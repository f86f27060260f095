import { MailSender } from "./components/mail-sender.ts";
import { readConfiguration } from "./config.ts";

const configuration = readConfiguration();
const sender = new MailSender("mail", configuration);

/** The domain whose mail the stack sends. */
export const domain = configuration.domain;
/** Each host's HELO name, address, allocation id, instance id and volume id. */
export const hosts = sender.hosts;
/** The mail records of the domain, as published. */
export const records = sender.records;
/** The selector of the RSA key that signs. */
export const dkimSelector = sender.dkimSelector;
// Null where there is none: of an undefined output the engine warns.
/** Where and as whom applications send; the passwords show with `--show-secrets`. */
export const submission = sender.submission ?? null;
/** The MTA-STS policy, and where you have to serve it. */
export const mtaSts = sender.mtaSts ?? null;
/** The DS record that you have to give to the domain's registrar, unless that is Cloudflare. */
export const ds = sender.ds ?? null;
