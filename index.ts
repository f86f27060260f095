import { MailSender } from "./components/mail-sender.ts";
import { readConfiguration } from "./config.ts";

const configuration = readConfiguration();
const sender = new MailSender("mail", configuration);

/** The domain whose mail the stack sends. */
export const domain = configuration.domain;
/** Each host's HELO name, address, allocation id and instance id. */
export const hosts = sender.hosts;
/** The mail records of the domain, as published. */
export const records = sender.records;
/** The DKIM selector that signs. */
export const dkimSelector = sender.dkimSelector;
