import { type LookupAddress, lookup as resolveName } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { VoucherError } from "../errors.ts";

/** How far a request may reach: to any address, or only to those of the public Internet. */
export type Reach = "anywhere" | "public";

/** NAT64 (RFC 6052): the last 32 bits are the IPv4 address that is really contacted. */
const NAT64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");
/** `::a.b.c.d`, deprecated by RFC 4291, which some systems still route as IPv4. */
const COMPATIBLE = ipaddr.IPv6.parseCIDR("::/96");

/**
 * Whether `address`, in any spelling, lies in the public Internet: not private, loopback, link-local, shared, multicast
 * or reserved (the special-purpose registries of IANA), nor an IPv6 address that stands for an IPv4 address of these.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === "unicast";
  if (parsed.match(NAT64)) return isPublicAddress(parsed.toByteArray().slice(12).join("."));
  return parsed.range() === "unicast" && !parsed.match(COMPATIBLE);
}

/** The address that a URL's host is, without brackets; `undefined` for a name. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, "");
  return isIP(bare) === 0 ? undefined : bare;
}

/**
 * A `lookup` for connections that may reach public addresses only. It decides on the very addresses that are then
 * connected to, so that a name cannot mean one thing when it is checked and another when it is used. A name with a
 * single address that is not public is refused.
 */
export function publicLookup(lookup: typeof resolveName = resolveName): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const inward = addresses?.find(({ address }) => !isPublicAddress(address));
      const [first] = addresses ?? [];
      if (error) callback(error, []);
      else if (inward !== undefined || first === undefined) callback(inwardError(hostname), []);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** Why an address was not contacted. */
export function inwardError(hostname: string): VoucherError {
  return new VoucherError(
    "refused",
    `${hostname} leads to an address that is not public, so it was not contacted`,
  );
}
