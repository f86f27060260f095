import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UNKNOWN } from "../../local/provider/values.ts";
import type { Properties } from "../../local/provider/values.ts";
import { randomProvider } from "../../local/random/provider.ts";
import { ProviderClient } from "./provider-client.ts";

const PASSWORD = "random:index/randomPassword:RandomPassword";

let client: ProviderClient;
beforeEach(async () => {
  client = await ProviderClient.start(randomProvider());
});
afterEach(() => client.close());

const makePassword = async (inputs: Properties): Promise<string> =>
  (await client.up(PASSWORD, "app", inputs)).outputs.result as string;

/** How many characters of each kind a text has: capitals, small letters, digits, others. */
const census = (text: string) =>
  [/[A-Z]/g, /[a-z]/g, /[0-9]/g, /[^A-Za-z0-9]/g].map((kind) => text.match(kind)?.length ?? 0);

describe("a password", () => {
  test("has the length asked for, of all kinds of characters by default", async () => {
    const password = await makePassword({ length: 400 });
    expect(password).toHaveLength(400);
    expect(password).toMatch(/^[A-Za-z0-9!@#$%&*()\-_=+[\]{}<>:?]+$/);
    for (const count of census(password)) expect(count).toBeGreaterThan(10);
  });

  test.each<[Properties, RegExp]>([
    [{ special: false }, /^[A-Za-z0-9]+$/],
    [{ special: false, upper: false }, /^[a-z0-9]+$/],
    [{ special: false, numeric: false }, /^[A-Za-z]+$/],
    [{ special: false, number: false }, /^[A-Za-z]+$/],
    [{ upper: false, lower: false, numeric: false, overrideSpecial: "-." }, /^[-.]+$/],
  ])("under %j holds nothing else", async (inputs, pattern) => {
    expect(await makePassword({ length: 200, ...inputs })).toMatch(pattern);
  });

  test("has at least so many of each kind, in no fixed places", async () => {
    const inputs = { length: 8, minUpper: 2, minLower: 3, minNumeric: 1, minSpecial: 2 };
    const made = await Promise.all(Array.from({ length: 30 }, () => makePassword(inputs)));
    for (const password of made) expect(census(password)).toEqual([2, 3, 1, 2]);
    expect(new Set(made.map((password) => password.search(/[0-9]/))).size).toBeGreaterThan(2);
  });

  test("is never made twice", async () => {
    const made = await Promise.all(Array.from({ length: 50 }, () => makePassword({ length: 16 })));
    expect(new Set(made).size).toBe(50);
  });

  test("is secret, in preview and up, and nothing else is", async () => {
    for (const preview of [true, false]) {
      const { secrets, outputs } = await client.create(PASSWORD, "app", { length: 32 }, { preview });
      expect(secrets).toContain("result");
      expect(secrets.filter((name) => !["bcryptHash", "result"].includes(name))).toEqual([]);
      expect(outputs.result === UNKNOWN).toBe(preview);
      expect(outputs).toMatchObject({ length: 32, special: true, numeric: true, number: true, minUpper: 0 });
    }
  });

  test("stays what it is through a refresh, and can't be imported", async () => {
    const state = await client.up(PASSWORD, "app", { length: 32 });
    expect(state.id).toBe("none");
    expect(await client.refresh(state)).toEqual(state);
    await expect(client.import(PASSWORD, "app", "none")).rejects.toThrow("lives in the state only");
  });

  test.each(["length", "special", "minLower", "overrideSpecial", "keepers"])(
    "is another one when %s changes",
    async (property) => {
      const inputs = { length: 32, special: true, minLower: 1, overrideSpecial: "-", keepers: {} };
      const state = { type: PASSWORD, name: "app", id: "none", inputs, outputs: {} };
      expect((await client.diff(state, { ...inputs, [property]: UNKNOWN })).replaces).toEqual([property]);
      expect((await client.diff(state, inputs)).changes).toBe(false);
    },
  );
});

test.each<[Properties, string]>([
  [{}, "Missing required property 'length'"],
  [{ length: 0 }, "a whole number of at least 1, got: 0"],
  [{ length: 8.5 }, "a whole number of at least 1, got: 8.5"],
  [{ length: 8, minUpper: -1 }, "a whole number of at least 0, got: -1"],
  [{ length: 3, minUpper: 2, minLower: 2 }, "at least sum of minUpper + minLower"],
  [{ length: 8, upper: false, lower: false, numeric: false, special: false }, "must be specified as true"],
  [{ length: 8, symbols: true }, "Invalid or unknown key"],
])("refuses %j", async (inputs, message) => {
  await expect(client.up(PASSWORD, "app", inputs)).rejects.toThrow(message);
});
