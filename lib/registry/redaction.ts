const REDACTED = "[redacted]";
/** What is shorter is no credential, and would take words out of every sentence. */
const SHORTEST = 4;

/** Returns `text` without what `authorization`, an HTTP header, shows: a server may send back what it was sent. */
export function withoutCredentials(text: string, authorization: string | undefined): string {
  const secrets = secretsIn(authorization).filter(({ length }) => length >= SHORTEST);
  return secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, REDACTED), text);
}

function secretsIn(authorization = ""): readonly string[] {
  const [scheme = "", shown = ""] = authorization.split(" ", 2);
  if (scheme.toLowerCase() !== "basic") return [shown];
  const decoded = Buffer.from(shown, "base64").toString();
  return [shown, decoded, decoded.slice(decoded.indexOf(":") + 1)];
}
