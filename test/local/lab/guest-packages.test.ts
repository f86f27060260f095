import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { guestPackages } from "../../../local/lab/guest-packages.ts";
import { USER_DATA } from "../host-cloud.ts";

test("the packages of a host's user data, packed or not", () => {
  const packages = guestPackages(Buffer.from(USER_DATA));
  expect(packages).toContain("postfix");
  expect(guestPackages(gzipSync(USER_DATA))).toEqual(packages);
});

test.each([
  ["no user data", undefined],
  ["empty user data", Buffer.alloc(0)],
  ["a script", Buffer.from("#!/bin/sh\napt-get install -y postfix\n")],
  ["a cloud-config without packages", Buffer.from("#cloud-config\nfqdn: a.example\n")],
  ["an empty cloud-config", Buffer.from("#cloud-config\n")],
])("%s names none", (_, userData) => {
  expect(guestPackages(userData)).toEqual([]);
});

test("a package with a version is cloud-init's to install", () => {
  const userData = Buffer.from("#cloud-config\npackages: [curl, [postfix, 3.10.1], {snap: [x]}]\n");
  expect(guestPackages(userData)).toEqual(["curl"]);
});
