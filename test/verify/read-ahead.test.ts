// What is going to be asked for is asked for at once.

import { describe, expect, test } from "vitest";
import { dnsError, type Answers, type RecordType, type Resolver } from "../../mail/resolver.ts";
import { readingAhead } from "../../verify/dns/read-ahead.ts";

/** TXT records by name; `asked` holds the questions in their order. */
function recorded(
  texts: Readonly<Record<string, string | undefined>>,
): Resolver & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    resolve: <T extends RecordType>(name: string, type: T): Promise<Answers[T]> => {
      asked.push(`${type} ${name}`);
      const text = type === "TXT" ? texts[name] : undefined;
      return text === undefined
        ? Promise.reject(dnsError("ENOTFOUND", `${type} ${name}`))
        : Promise.resolve([[text]] as unknown as Answers[T]);
    },
  };
}

async function askedFor(
  texts: Readonly<Record<string, string | undefined>>,
  name: string,
): Promise<string[]> {
  const resolver = recorded(texts);
  await readingAhead(resolver)
    .resolve(name, "TXT")
    .catch(() => undefined);
  return resolver.asked.slice(1);
}

describe("after a TXT record", () => {
  test.each<[string, string, string[]]>([
    [
      "of SPF, all that its terms ask for",
      "v=spf1 ip4:192.0.2.10 include:A.example.net a mx:b.example.net/28 redirect=c.example.net",
      ["TXT a.example.net", "A example.com", "MX b.example.net", "TXT c.example.net"],
    ],
    [
      "of SPF, nothing that a macro stands for",
      "v=spf1 include:%{i}.example.net exists:%{h}.example.net -all",
      [],
    ],
    ["of SPF, nothing behind all", "v=spf1 -all include:a.example.net", []],
    ["of something else, nothing", "google-site-verification=include:a.example.net", []],
  ])("%s", async (_, text, expected) => {
    expect(await askedFor({ "example.com": text }, "example.com")).toEqual(expected);
  });

  test("of SPF, no more than an evaluation may ask for", async () => {
    const includes = Array.from({ length: 300 }, (_, index) => `include:s${index}.example.net`);
    expect(
      await askedFor({ "example.com": `v=spf1 ${includes.join(" ")} -all` }, "example.com"),
    ).toHaveLength(10);
  });

  test("of SPF, nothing on its own account: records that lead to each other end", async () => {
    const circle = {
      "example.com": "v=spf1 include:a.example.net",
      "a.example.net": "v=spf1 include:example.com",
    };
    expect(await askedFor(circle, "example.com")).toEqual(["TXT a.example.net"]);
  });
});

describe("where there is no DMARC record", () => {
  test("those above are asked for at once", async () => {
    expect(await askedFor({}, "_dmarc.mail.example.com")).toEqual([
      "TXT _dmarc.example.com",
      "TXT _dmarc.com",
    ]);
  });

  test("at most seven are, however long the name", async () => {
    expect(await askedFor({}, `_dmarc.${"a.".repeat(30)}example.com`)).toHaveLength(7);
  });

  test("and one that is there leads nowhere", async () => {
    expect(
      await askedFor({ "_dmarc.mail.example.com": "v=DMARC1; p=none" }, "_dmarc.mail.example.com"),
    ).toEqual([]);
  });
});

test("nothing is asked ahead twice", async () => {
  const resolver = recorded({ "example.com": "v=spf1 include:a.example.net -all" });
  const ahead = readingAhead(resolver);
  await ahead.resolve("example.com", "TXT");
  await ahead.resolve("example.com", "TXT");
  expect(resolver.asked.filter((question) => question.includes("a.example.net"))).toHaveLength(1);
});
