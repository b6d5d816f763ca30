import { describe, expect, it } from "vitest";
import { parseSourceOwner, parseSourceRepository, sameOwner } from "../../lib/image/source.ts";

const written = (address: string) => {
  const parsed = parseSourceRepository(address);
  return parsed && `${parsed.host} ${parsed.owner} ${parsed.repository}`;
};

describe("the address of a source repository", () => {
  it.each([
    ["https://github.com/acme/app", "github.com acme app"],
    ["http://github.com/acme/app.git", "github.com acme app"],
    ["HTTPS://GitHub.COM/Acme/App", "github.com Acme App"],
    ["https://github.com./acme/app", "github.com acme app"],
    ["https://github.com:443/acme/app", "github.com acme app"],
    ["https://ghe.example:8443/acme/app", "ghe.example:8443 acme app"],
    ["https://user:secret@github.com/acme/app", "github.com acme app"],
    ["https://github.com/acme/app#main", "github.com acme app"],
    ["https://github.com/acme/app///", "github.com acme app"],
    ["https://github.com/acme/.github", "github.com acme .github"],
    ["https://github.com/acme/app.js.git", "github.com acme app.js"],
    ["https://git.sr.ht/~acme/app", "git.sr.ht ~acme app"],
    ["git+https://github.com/acme/app@refs/heads/feature/x", "github.com acme app"],
    ["git+https://github.com/acme/app.git@0123abc", "github.com acme app"],
    ["ssh://git@github.com/acme/app.git", "github.com acme app"],
    ["ssh://git@GHE.example:2222/acme/app.git", "ghe.example acme app"],
    ["git+ssh://git@github.com/acme/app", "github.com acme app"],
    ["git://github.com/acme/app.git", "github.com acme app"],
    ["git@github.com:acme/app.git", "github.com acme app"],
    ["git@github.com:/acme/app.git", "github.com acme app"],
    ["github.com:acme/app", "github.com acme app"],
    ["github.com/acme/app", "github.com acme app"],
    ["https://gitlab.com/acme/team/app", "gitlab.com acme/team app"],
    [
      "https://source.developers.google.com/p/project/r/repo",
      "source.developers.google.com p/project/r repo",
    ],
  ])("%s", (address, parts) => {
    expect(written(address)).toBe(parts);
  });

  it.each([
    "",
    "acme",
    "acme/app",
    "https://github.com",
    "https://github.com/acme",
    "https://github.com/acme/",
    "https://github.com/acme/.git",
    "https://github.com/acme//app",
    "https://github.com/acme/app?ref=main",
    "https://github.com/acme/a%70p",
    "https://github.com/acme/äpp",
    "https://github.com\\@evil.example/acme/app",
    "https://github.com/acme/app\n",
    " https://github.com/acme/app",
    "https://github.com/acme/a\tpp",
    "git@github.com:../acme",
    "git@github.com://acme/app",
    "file:///acme/app",
    "ftp://github.com/acme/app",
    "https:github.com",
    "https://[::1/acme/app",
    `https://github.com/acme/${"a".repeat(2_000)}`,
  ])("is none: %j", (address) => {
    expect(parseSourceRepository(address)).toBeUndefined();
  });

  it("puts who is named before the @ nowhere: the host is what follows it", () => {
    expect(written("https://github.com@evil.example/acme/app")).toBe("evil.example acme app");
    expect(written("ssh://github.com:acme@evil.example/acme/app")).toBe("evil.example acme app");
  });

  it("follows dots in the path as a web server would", () => {
    expect(written("https://github.com/acme/../evil/app")).toBe("github.com evil app");
    expect(written("https://github.com/acme/%2e%2e/evil/app")).toBe("github.com evil app");
  });
});

describe("the address of an owner of source", () => {
  it.each([
    ["https://github.com/Acme", { host: "github.com", owner: "Acme" }],
    ["https://github.com/acme/", { host: "github.com", owner: "acme" }],
    ["github.com/acme", { host: "github.com", owner: "acme" }],
    ["git@github.com:acme", { host: "github.com", owner: "acme" }],
    ["https://gitlab.com/acme/team", { host: "gitlab.com", owner: "acme/team" }],
  ])("%s", (address, owner) => {
    expect(parseSourceOwner(address)).toEqual(owner);
  });

  it.each(["", "github.com", "https://github.com/", "not an address"])("is none: %j", (address) => {
    expect(parseSourceOwner(address)).toBeUndefined();
  });
});

describe("two owners are the same", () => {
  const acme = { host: "github.com", owner: "acme" };
  it.each([
    ["on one host, in whatever case", { host: "github.com", owner: "ACME" }, true],
    ["but not on another host", { host: "gitlab.com", owner: "acme" }, false],
    ["nor on another port", { host: "github.com:8443", owner: "acme" }, false],
    ["nor where one name begins with the other", { host: "github.com", owner: "acme-evil" }, false],
    ["nor where one is a group in the other", { host: "github.com", owner: "acme/team" }, false],
  ])("%s", (_, other, same) => {
    expect(sameOwner(acme, other)).toBe(same);
    expect(sameOwner(other, acme)).toBe(same);
  });
});
