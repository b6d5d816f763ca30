import { generateKeyPairSync, sign } from "node:crypto";

/** A key and a certificate for a server of a test, which nobody trusts unless told to. PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const ECDSA_WITH_SHA256 = Buffer.from("2a8648ce3d040302", "hex");
const COMMON_NAME = Buffer.from("550403", "hex");
const SUBJECT_ALT_NAME = Buffer.from("551d11", "hex");
const BASIC_CONSTRAINTS = Buffer.from("551d13", "hex");

/** A self-signed certificate for `names`, valid for a day: RFC 5280, written out, since Node can only read them. */
export function selfSigned(names: readonly string[]): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(tag(0x06, ECDSA_WITH_SHA256));
  const name = sequence(tag(0x31, sequence(tag(0x06, COMMON_NAME), tag(0x0c, Buffer.from("test")))));
  const day = 24 * 60 * 60 * 1000;
  const alternatives = names.map((dns) =>
    dns === "127.0.0.1" ? tag(0x87, Buffer.from([127, 0, 0, 1])) : tag(0x82, Buffer.from(dns)),
  );
  const yes = tag(0x01, Buffer.from([0xff]));
  const unsigned = sequence(
    tag(0xa0, tag(0x02, Buffer.from([2]))),
    tag(0x02, Buffer.from([1])),
    algorithm,
    name,
    sequence(time(Date.now() - day), time(Date.now() + day)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    tag(
      0xa3,
      sequence(
        sequence(tag(0x06, BASIC_CONSTRAINTS), yes, tag(0x04, sequence(yes))),
        sequence(tag(0x06, SUBJECT_ALT_NAME), tag(0x04, sequence(...alternatives))),
      ),
    ),
  );
  const signature = sign("sha256", unsigned, privateKey);
  const der = sequence(unsigned, algorithm, tag(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der
    .toString("base64")
    .match(/.{1,64}/g)
    ?.join("\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

/** One DER element. */
function tag(type: number, content: Buffer): Buffer {
  const { length } = content;
  const lengthBytes =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...lengthBytes]), content]);
}

function sequence(...elements: readonly Buffer[]): Buffer {
  return tag(0x30, Buffer.concat(elements));
}

function time(milliseconds: number): Buffer {
  return tag(
    0x17,
    Buffer.from(`${new Date(milliseconds).toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`),
  );
}
