/** Who may ask. */
export interface SignIn {
  /** The `WWW-Authenticate` of a refusal (RFC 9110, section 11.6.1). */
  readonly challenge: string;
  /** What is said to whoever is refused; never why. */
  readonly refusal: string;
  /** Whether whoever sent this `Authorization` header may ask. Throws `unavailable` where that cannot be found out now. */
  admits(authorization: string | undefined): Promise<boolean>;
}
