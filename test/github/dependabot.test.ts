import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { projectFile } from "./workflow.ts";

interface Update {
  readonly "package-ecosystem": "npm" | "gomod" | "github-actions";
  readonly directory?: string;
  readonly directories?: readonly string[];
  readonly groups: Readonly<Record<string, { readonly patterns: readonly string[] }>>;
}

const { updates } = parse(readFileSync(projectFile(".github/dependabot.yml"), "utf8")) as {
  updates: Update[];
};
const places = updates.flatMap(({ directory, directories, "package-ecosystem": ecosystem }) =>
  [directory ?? [], directories ?? []].flat().map((folder) => ({ ecosystem, folder })),
);

test.each(places)("$ecosystem has something to update in $folder", ({ ecosystem, folder }) => {
  const file = { npm: "package.json", gomod: "go.mod", "github-actions": ".github/workflows" }[ecosystem];
  expect(existsSync(projectFile(path.join(".", folder, file)))).toBe(true);
});

test("no ecosystem is listed twice for a folder, which Dependabot refuses", () => {
  const names = places.map(({ ecosystem, folder }) => `${ecosystem} ${folder}`);
  expect(names).toEqual([...new Set(names)]);
});

test("packages of Pulumi's own version come in the first group that they match", () => {
  const { groups } = updates.find(({ "package-ecosystem": ecosystem }) => ecosystem === "npm") ?? {};
  expect(Object.entries(groups ?? {})[0]).toEqual([
    "pulumi",
    { patterns: ["pulumi", "@pulumi/pulumi", "@pulumi/policy"] },
  ]);
});
