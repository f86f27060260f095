// What the rules and checks say of a real, faulty DNS, as matters: none may hide another.

import { afterEach, expect, test } from "vitest";
import { newsOf } from "../../../verify/watch/news.ts";
import { subjectText } from "../../../verify/watch/words.ts";
import { goodRecords, goodSender, goodSubject, startDns, World, zonesOf, type Records } from "../world.ts";

const world = new World();
afterEach(() => world.close());

test("two of a kind are two matters, and stay them when their texts change", async () => {
  const subject = {
    ...goodSubject,
    senders: [{ ...goodSender, selectors: [{ selector: "s1" }, { selector: "s2" }] }],
    declared: [
      { name: "www.example.com", type: "A", content: "192.0.2.90" },
      { name: "www2.example.com", type: "A", content: "192.0.2.91" },
    ],
  };
  const faulty = (address: string): Records => ({
    ...goodRecords,
    "example.com MX": ["10 mx1.example.com", "20 mx2.example.com"],
    "s1._domainkey.example.com TXT": undefined,
    "www.example.com A": [address],
    "www2.example.com A": [address],
    "_dmarc.example.com TXT": ["v=DMARC1; p=reject; rua=mailto:a@example.org,mailto:b@example.net"],
  });
  const run = async (records: Records) => {
    const dns = world.own(await startDns(zonesOf(records, ["example.net"])));
    return world.verify({ authority: dns, subject, options: { connect: false } });
  };
  const options = { patience: 3, skipped: new Set<string>() };
  const { news, state } = newsOf(await run(faulty("192.0.2.92")), undefined, options);
  const wrong = news.changes.map(
    ({ now }) => `${now?.rule ?? ""}: ${now === undefined ? "" : subjectText(now)}`,
  );
  expect(wrong).toEqual(
    expect.arrayContaining([
      "mx-resolves: example.com, mx1.example.com",
      "mx-resolves: example.com, mx2.example.com",
      "dkim-key-published: example.com, s1",
      "dkim-key-published: example.com, s2",
      "records-as-declared: example.com, A www.example.com",
      "records-as-declared: example.com, A www2.example.com",
      "dmarc-reports-authorized: example.com, example.org",
      "dmarc-reports-authorized: example.com, example.net",
    ]),
  );
  expect(newsOf(await run(faulty("192.0.2.93")), state, options).news.changes).toEqual([]);
});
