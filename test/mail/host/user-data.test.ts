import { createHash, randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { userDataBase64 } from "../../../mail/host/user-data.ts";

const packed = (text: string) => Buffer.from(userDataBase64(text), "base64");

describe("userDataBase64", () => {
  test("is gzip of the text, in base64", () => {
    const text = "#cloud-config\nfqdn: okmail.example.com\n# ü\n";
    expect(gunzipSync(packed(text)).toString()).toBe(text);
  });

  test("is the same on every machine and at every time, or hosts would be replaced for nothing", () =>
    expect(
      createHash("sha256")
        .update(packed("#cloud-config\n".repeat(100)))
        .digest("hex"),
    ).toBe("bfe24a5281e5a7249483318612b3d8e4ee383e0d5db0fb9c08a1536b36001283"));

  test("is refused over 16,384 octets, with the host and what to do", () => {
    const random = (octets: number) =>
      `#cloud-config\nfqdn: a.example.com\n# ${randomBytes(octets).toString("hex")}\n`;
    expect(packed(random(12_000)).length).toBeLessThanOrEqual(16_384);
    expect(() => packed(random(20_000))).toThrow(
      /^the user data of a\.example\.com takes 2\d{4} octets in gzip, and EC2 takes 16384; accept fewer addresses or have fewer users$/,
    );
  });
});
