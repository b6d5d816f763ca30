import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Challenge, parseChallenges } from "../../lib/registry/challenge.ts";

function plain(challenges: readonly Challenge[]) {
  return challenges.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

describe("WWW-Authenticate", () => {
  it.each([
    [
      "a Bearer challenge, as Docker Hub sends it",
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull"',
      [
        [
          "bearer",
          {
            realm: "https://auth.docker.io/token",
            service: "registry.docker.io",
            scope: "repository:library/alpine:pull",
          },
        ],
      ],
    ],
    [
      "several challenges in one header",
      'Basic realm="a, b", Bearer realm="https://r/token" , service=x',
      [
        ["basic", { realm: "a, b" }],
        ["bearer", { realm: "https://r/token", service: "x" }],
      ],
    ],
    [
      "several headers",
      ["Negotiate", 'BASIC Realm="registry"', 'bEaReR rEaLm="https://r/t"'],
      [
        ["negotiate", {}],
        ["basic", { realm: "registry" }],
        ["bearer", { realm: "https://r/t" }],
      ],
    ],
    ["quoted characters", 'Bearer realm="a \\"b\\" \\\\ c"', [["bearer", { realm: 'a "b" \\ c' }]]],
    [
      "an unquoted URL",
      "Bearer realm=https://r/token,service=s",
      [["bearer", { realm: "https://r/token", service: "s" }]],
    ],
    ["spaces around the equals sign", 'Bearer realm = "https://r/t"', [["bearer", { realm: "https://r/t" }]]],
    ["a parameter given twice: the first counts", "Basic realm=a, realm=b", [["basic", { realm: "a" }]]],
    ["nothing", undefined, []],
    ["nonsense", '"=,;', []],
  ])("reads %s", (_, header, expected) => {
    expect(plain(parseChallenges(header))).toEqual(expected);
  });

  it("finds the Bearer challenge behind a token68 of another scheme", () => {
    const challenges = parseChallenges('Negotiate YIIabc==, Bearer realm="https://r/t"');
    expect(plain(challenges)).toContainEqual(["bearer", { realm: "https://r/t" }]);
  });

  it("reads any text without throwing", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (header) => Array.isArray(parseChallenges(header))));
  });

  it("reads back what it is written from", () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
    const challenge = fc.tuple(token, fc.dictionary(token, fc.string({ maxLength: 20 }), { minKeys: 1 }));
    fc.assert(
      fc.property(fc.array(challenge), (challenges) => {
        const header = challenges
          .map(([scheme, parameters]) => {
            const quoted = Object.entries(parameters).map(
              ([name, value]) => `${name}="${value.replace(/[\\"]/g, "\\$&")}"`,
            );
            return `${scheme} ${quoted.join(", ")}`;
          })
          .join(", ");
        expect(plain(parseChallenges(header))).toEqual(challenges);
      }),
    );
  });
});
