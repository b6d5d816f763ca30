import { expect, it } from "vitest";
import { bundled } from "../support/bundled.ts";
import { loadedWith } from "../support/loaded-with.ts";

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
