import { describe, expect, it } from "vitest";
import { agreementTable } from "../../policy/agreement-table.ts";
import { judgeStack } from "../../policy/judgement.ts";
import { agreeingStack, postfixUserData, unrelated, type StackOptions } from "../helpers/planned-stack.ts";

const tableOf = async (options: StackOptions = {}) =>
  agreementTable(await judgeStack(agreeingStack(options)));

describe("the agreement table", () => {
  it("has a row for each host, by HELO name, and names Elastic IPs not allocated yet", async () => {
    const lines = (await tableOf({ hosts: ["two", "one"] })).split("\n");
    expect(lines.slice(0, 4)).toEqual([
      "| Host | Address | HELO | A | PTR | SPF | MX | Verdict |",
      "| --- | --- | --- | --- | --- | --- | --- | --- |",
      "| `one` | Elastic IP `one-eip`, not allocated yet | `one.example.com` | agrees | agrees | agrees | agrees | passes |",
      "| `two` | Elastic IP `two-eip`, not allocated yet | `two.example.com` | agrees | agrees | agrees | agrees | passes |",
    ]);
  });

  it("shows an address that is known, and says what refuses the deploy before the rest", async () => {
    const change = { "okmail-ptr": { domainName: "other.example.com" } };
    const table = await tableOf({ addresses: ["192.0.2.10"], change });
    expect(table).toContain(
      "| `okmail` | `192.0.2.10` | `okmail.example.com` | agrees | **disagrees** | agrees | agrees | **refused** |",
    );
    const [refusing, others] = [table.indexOf("**Refuses the deploy**"), table.indexOf("**To know**")];
    expect(refusing).toBeGreaterThan(0);
    expect(others).toBeGreaterThan(refusing);
    expect(table.slice(refusing, others)).toMatch(
      /^- `ptr-matches-helo` host okmail .*Set the reverse name of/m,
    );
  });

  it("refuses a host whose relay is open, though all names agree", async () => {
    const userData = `${postfixUserData("okmail.example.com")}- postconf -e 'mynetworks = 0.0.0.0/0'\n`;
    expect(await tableOf({ change: { okmail: { userData } } })).toMatch(/\| agrees \| \*\*refused\*\* \|$/m);
  });

  it("lets nothing that people wrote become markup, a row or a mention", async () => {
    const change = { spf: { content: '"v=spf1 include:@everyone|**x** ip4:1.2.3 <b> -all"' } };
    const table = await tableOf({ change });
    const rows = table.split("\n").filter((line) => line.startsWith("|"));
    expect(rows).toHaveLength(3);
    expect(table).not.toContain("@everyone");
    expect(table).not.toContain("<b>");
    expect(table).not.toMatch(/[^\\]\*\*x/);
  });

  it("says that there is no mail host", async () => {
    expect(agreementTable(await judgeStack(unrelated("only")))).toBe("The stack has no mail host.\n");
  });
});
