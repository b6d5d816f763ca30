import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { bundled } from "../support/bundled.ts";

/** What Node loads with `file` before any of our code runs: the file, and what it imports by a statement. */
function loadedWith(file: string, seen = new Map<string, string>()): ReadonlyMap<string, string> {
  if (seen.has(file)) return seen;
  const text = readFileSync(file, "utf8");
  seen.set(file, text);
  for (const [, path = ""] of text.matchAll(/^(?:import|export)\b[^"'();]*["'](\.[^"']+)["']/gm)) {
    loadedWith(join(dirname(file), path), seen);
  }
  return seen;
}

it("what events load holds nothing of the API: neither its routes, nor bcrypt, nor Google's sign-in", () => {
  const text = [...loadedWith(bundled("index.mjs")).values()].join("\n");
  expect(text).toContain("event dead-lettered");
  expect(text).not.toContain("username or password is incorrect");
  expect(text).not.toContain("bcryptjs");
  expect(text).not.toContain("oauth2FederatedSignonPemCertsUrl");
});

it("what events load holds nothing of webhooks either: they are read by a function of their own", () => {
  const text = [...loadedWith(bundled("index.mjs")).values()].join("\n");
  expect(text).toContain("event dead-lettered");
  expect(text).not.toContain("no webhook is there");
  expect(text).not.toContain("x-hub-signature-256");
});
