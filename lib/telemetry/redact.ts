const MASK = "***";

/** Fields by whose name their text is a secret. */
const SECRET_NAME =
  /^(?:authorization|(?:set-)?cookie|password|passphrase|secret|(?:access_?|id_?|refresh_?)?token|(?:api|app|private)_?key)$/i;

/** How secrets look in text, each with what is shown in their place. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // Private keys, whole or cut off.
  [
    /(-----BEGIN [A-Z ]{0,20}PRIVATE KEY[A-Z ]{0,6}-----)[\s\S]*?(?:-----END [A-Z ]{0,30}-----|$)/g,
    `$1 ${MASK}`,
  ],
  // The user part of a URL.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#@"'<>]+@/gi, `$1${MASK}@`],
  // What signs a URL, or signs in by it.
  [
    /([?&;](?:[\w.-]{0,40}(?:token|signature|secret|password|credential|api[_-]?key)|sig|key|code)=)[^&\s"'#]+/gi,
    `$1${MASK}`,
  ],
  // An Authorization header's value; words of prose have no digits or capitals inside.
  [/\b(Bearer|Basic) +(?=[a-z]{0,200}[\dA-Z=+/._-])[\w.~+/=-]{8,}/g, `$1 ${MASK}`],
  // JSON Web Tokens, Google's access tokens, GitHub's tokens.
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|\bya29\.[\w.-]{8,}|\bgh[opsur]_\w{16,}|\bgithub_pat_\w{16,}/g, MASK],
];

/** What every one of them begins with, to find out at once that most texts hold none. */
const BEGINNINGS = /:\/\/[^/]|[?&;][\w.-]+=|PRIVATE KEY|Bearer|Basic|eyJ|ya29|gh[opsur]_|github_pat/;

/** Returns `text` with `***` in the place of whatever looks like a secret: what others say may repeat what they were sent. */
export function redact(text: string): string {
  if (!BEGINNINGS.test(text)) return text;
  return SECRETS.reduce((cleaned, [secret, shown]) => cleaned.replace(secret, shown), text);
}

/** Whether the text of a field with this name is never shown. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}
