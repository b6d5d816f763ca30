/** Bytes of a token server's answer, and of an answer that says what went wrong. Not configurable. */
export const TOKEN_BYTES = 64 * 1024;
export const ERROR_BYTES = 64 * 1024;
