import { printable } from "../report/printable.ts";
import { form, type EmailRequest, type RequestedAddress } from "./request.ts";

/** The request as Markdown, which people read as it stands, too. */
export function requestText(request: EmailRequest): string {
  const { region, account, email, useCase, addresses, missing } = request;
  const owner = account === null ? "the account that has the addresses" : `account ${account}`;
  const widest = Math.max("Elastic IP".length, ...addresses.map(({ address }) => address.length));
  const names = Math.max(
    "Reverse DNS record".length,
    ...addresses.map(({ reverseDns }) => reverseDns.length),
  );
  const row = (...[address = "", name = "", now = ""]: string[]) =>
    `| ${address.padEnd(widest)} | ${name.padEnd(names)} | ${now} |`;
  const parts = [
    [`# ${form.title}`],
    [
      `Fill in <${form.url}>, signed in to ${owner}. ` +
        `There is one request for each Region: ${region ?? "[the Region]"}.`,
    ],
    missing.length === 0
      ? []
      : ["## Still missing", "", ...missing.map(({ what, how }) => `- ${what}: ${how}`)],
    ["## Email address", "", email ?? "[the address that AWS answers to]"],
    ["## Use case description", "", ...useCase],
    [
      "## Elastic IP addresses and reverse DNS records",
      "",
      row("Elastic IP", "Reverse DNS record", "Now"),
      row("-".repeat(widest), "-".repeat(names), "---"),
      ...addresses.map((one) => row(one.address, one.reverseDns, presentText(one))),
    ],
    ["When AWS has answered: okmail request --prove shows that port 25 is open."],
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map(printable).join("\n"))
    .join("\n\n");
}

function presentText({ reverseDns, presentReverseDns }: RequestedAddress): string {
  if (presentReverseDns === null) return "could not be looked up";
  if (presentReverseDns.length === 0) return "none: please set it";
  return presentReverseDns.length === 1 && presentReverseDns[0] === reverseDns
    ? "set"
    : `${presentReverseDns.join(", ")}: please change it`;
}
