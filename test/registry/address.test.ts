import { describe, expect, it } from "vitest";
import { isPublicAddress, literalAddress, publicLookup } from "../../lib/registry/address.ts";

describe("an address", () => {
  it.each([
    ["127.0.0.1"],
    ["127.8.9.10"],
    ["10.0.0.1"],
    ["172.16.0.1"],
    ["192.168.1.1"],
    ["169.254.169.254"],
    ["100.64.0.1"],
    ["0.0.0.0"],
    ["192.0.2.1"],
    ["198.18.0.1"],
    ["224.0.0.1"],
    ["255.255.255.255"],
    ["::"],
    ["::1"],
    ["fe80::1"],
    ["fd00:ec2::254"],
    ["fec0::1"],
    ["ff02::1"],
    ["2001:db8::1"],
    ["::ffff:169.254.169.254"],
    ["::ffff:a9fe:a9fe"],
    ["::169.254.169.254"],
    ["::ffff:0:a9fe:a9fe"],
    ["64:ff9b::a9fe:a9fe"],
    ["64:ff9b:1::a9fe:a9fe"],
    ["2002:a9fe:a9fe::1"],
    ["no address"],
  ])("%s is not public", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([["8.8.8.8"], ["142.250.1.82"], ["2607:f8b0:4004::52"], ["::ffff:8.8.8.8"], ["64:ff9b::808:808"]])(
    "%s is public",
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    ["https://2130706433/", "127.0.0.1"],
    ["https://0x7f.1/", "127.0.0.1"],
    ["https://017700000001/", "127.0.0.1"],
    ["https://127.1/", "127.0.0.1"],
    ["https://127.0.0.1./", "127.0.0.1"],
    ["https://①②⑦.0.0.1/", "127.0.0.1"],
    ["https://[::ffff:169.254.169.254]/", "::ffff:a9fe:a9fe"],
    ["https://registry.example/", undefined],
  ])("in %s is %s", (url, address) => {
    expect(literalAddress(new URL(url).hostname)).toBe(address);
  });
});

describe("the lookup of a connection that may reach public addresses only", () => {
  function lookUp(lookup: ReturnType<typeof publicLookup>, hostname: string, all: boolean) {
    return new Promise((done) => {
      lookup(hostname, { all }, (error, address, family) =>
        done(error ?? (all ? address : [address, family])),
      );
    });
  }

  /** Stands for the system's resolver, which a test can't teach names. */
  function resolver(...addresses: { address: string; family: number }[]) {
    const lookup = (_: string, __: object, callback: (error: null, addresses: unknown) => void) =>
      callback(null, addresses);
    return publicLookup(lookup as Parameters<typeof publicLookup>[0]);
  }

  const inside = { address: "10.0.0.1", family: 4 };
  const outside = { address: "8.8.8.8", family: 4 };

  it("refuses a name that the system resolves to this machine", async () => {
    await expect(lookUp(publicLookup(), "localhost", true)).resolves.toMatchObject({ code: "refused" });
    await expect(lookUp(publicLookup(), "localhost", false)).resolves.toMatchObject({ code: "refused" });
  });

  it("refuses a name of which one address leads inside, so that no second try can reach it", async () => {
    await expect(lookUp(resolver(outside, inside), "both.example", true)).resolves.toMatchObject({
      code: "refused",
    });
  });

  it("refuses a name without an address", async () => {
    await expect(lookUp(resolver(), "none.example", true)).resolves.toMatchObject({ code: "refused" });
  });

  it("answers with the addresses that it looked at", async () => {
    await expect(lookUp(resolver(outside), "public.example", true)).resolves.toEqual([outside]);
    await expect(lookUp(resolver(outside), "public.example", false)).resolves.toEqual(["8.8.8.8", 4]);
  });
});
