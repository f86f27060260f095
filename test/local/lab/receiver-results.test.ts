import { describe, expect, test } from "vitest";
import { messageResults } from "../../../local/lab/receiver/message-results.ts";

const QUEUE_ID = "4jYm1F1wM1z1N";

function records(tag: string, ...texts: readonly string[]) {
  return texts.map((text) => ({ tag, pid: 1, text }));
}

function job(queueId: string, details: Readonly<Record<string, string>> = {}): string {
  const lines = {
    job: queueId,
    mfrom: "example.com",
    spf: "0",
    policy: "15",
    p: "114",
    align_dkim: "4",
    align_spf: "4",
    action: "2",
    ...details,
  };
  return Object.entries(lines)
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");
}

const DELIVERED = `Return-Path: <a@example.com>
Authentication-Results: mx.example; dmarc=pass (p=reject dis=none) header.from=example.com
Authentication-Results: mx.example;
\tdkim=pass (2048-bit key; unprotected) header.d=example.com header.i=@example.com header.a=rsa-sha256 header.s=k1 header.b=HHOASGz2;
\tdkim=fail reason="signature verification failed" (1024-bit key; unprotected) header.d=example.org header.s=old header.a=rsa-sha1;
\tdkim-atps=neutral
Received: from okmail.example.com (okmail.example.com [192.0.2.10])
\tby mx.example (Postfix) with ESMTPS id ${QUEUE_ID}
Authentication-Results: mx.example; dkim=pass header.d=forged.example
From: "Some, one" <a@example.com> (a comment), b@example.org

Hello.
`;

describe("what came of a delivered message", () => {
  const results = messageResults({
    queueId: QUEUE_ID,
    records: records("opendmarc", "example.com pass"),
    history: job("another", { p: "110" }) + job(QUEUE_ID, { dkim: "example.com k1 0" }),
    content: DELIVERED,
    size: 731,
  });

  test("stands in the fields that this host has put on top of it, and in no other", () => {
    expect(results.dkim).toEqual([
      {
        result: "pass",
        domain: "example.com",
        selector: "k1",
        algorithm: "rsa-sha256",
        keyBits: 2048,
        info: "dkim=pass (2048-bit key; unprotected) header.d=example.com header.i=@example.com header.a=rsa-sha256 header.s=k1 header.b=HHOASGz2",
      },
      expect.objectContaining({
        result: "fail",
        domain: "example.org",
        selector: "old",
        keyBits: 1024,
        comment: "signature verification failed",
      }),
    ]);
  });

  test("is completed by what OpenDMARC has noted of this message", () => {
    expect(results.dmarc).toEqual({
      result: "pass",
      from: "example.com",
      policy: "reject",
      aligned: { spf: "example.com", dkim: "example.com" },
      info: "dmarc=pass (p=reject) header.from=example.com",
    });
  });

  test("names all authors, without names and comments", () => {
    expect(results.from).toEqual(["a@example.com", "b@example.org"]);
  });
});

describe("what came of a refused message", () => {
  test.each([
    {
      what: "a signature that is broken",
      texts: ["s=k1 d=example.com a=rsa-sha256 SSL ", "bad signature data"],
      dkim: {
        result: "fail",
        domain: "example.com",
        selector: "k1",
        algorithm: "rsa-sha256",
        comment: "bad signature data",
      },
    },
    {
      what: "a signature that holds",
      texts: ["DKIM verification successful", "s=k1 d=example.com a=rsa-sha256 SSL "],
      dkim: { result: "pass", domain: "example.com", selector: "k1" },
    },
    {
      what: "a key that isn't there",
      texts: ["key retrieval failed (s=k1, d=example.com): 'k1._domainkey.example.com' record not found"],
      dkim: { result: "fail", domain: "example.com", selector: "k1" },
    },
    {
      what: "a key that can't be had now",
      texts: ["key retrieval failed (s=k1, d=example.com): query timed out"],
      dkim: { result: "temperror", domain: "example.com" },
    },
    {
      what: "no signature",
      texts: ["okmail.example.com [192.0.2.10] not internal"],
      dkim: { result: "none" },
    },
  ])("stands in the log: $what", ({ texts, dkim }) => {
    const results = messageResults({
      queueId: QUEUE_ID,
      records: [...records("opendkim", ...texts), ...records("opendmarc", "example.com fail")],
      history: job(QUEUE_ID, { policy: "16", align_dkim: "5", align_spf: "5", action: "0" }),
      size: 0,
    });

    expect(results.dkim).toMatchObject([dkim]);
    expect(results.dmarc).toMatchObject({
      result: "fail",
      from: "example.com",
      policy: "reject",
      aligned: {},
    });
    expect(results.from).toEqual([]);
  });

  test("has no policy where OpenDMARC has noted nothing", () => {
    const results = messageResults({
      queueId: QUEUE_ID,
      records: records("opendmarc", "example.net none"),
      history: "",
      size: 0,
    });

    expect(results.dmarc).toEqual({
      result: "none",
      from: "example.net",
      aligned: {},
      info: "dmarc=none header.from=example.net",
    });
  });
});
