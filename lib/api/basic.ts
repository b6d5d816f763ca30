import { createHash, timingSafeEqual } from "node:crypto";
import { VoucherError } from "../errors.ts";
import type { SignIn } from "./sign-in.ts";

export interface BasicSettings {
  readonly username: string;
  /** As bcrypt writes it: `$2a$10$…`. */
  readonly passwordHash: string;
}

const BCRYPT = /^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;
const CREDENTIALS = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i;

/**
 * Signs in by HTTP's Basic scheme (RFC 7617). A wrong name costs as much time as a wrong password, so that nobody learns
 * which of the two it was. Throws `config` for a password that is no bcrypt hash, without repeating it.
 */
export function basicSignIn({ username, passwordHash }: BasicSettings): SignIn {
  if (!BCRYPT.test(passwordHash)) {
    const hint = "make one with `htpasswd -nBC 10 NAME`, and take what follows the colon";
    throw new VoucherError("config", `server.password is no bcrypt hash; ${hint}`);
  }
  return {
    challenge: 'Basic realm="voucher", charset="UTF-8"',
    refusal: "username or password is incorrect",
    async admits(authorization) {
      const given = readCredentials(authorization);
      if (given === undefined) return false;
      const { compare } = await import("bcryptjs");
      const known = sameText(given.username, username);
      const right = await compare(given.password, passwordHash);
      return known && right;
    },
  };
}

function readCredentials(authorization: string | undefined) {
  const encoded = CREDENTIALS.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** In the same time wherever the two differ, and however long they are. */
function sameText(one: string, other: string): boolean {
  return timingSafeEqual(digestOf(one), digestOf(other));
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
