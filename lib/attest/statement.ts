import * as z from "zod/mini";
import { algorithmOf, type Digest, hexOf } from "../image/digest.ts";
import { tryParseJson } from "../image/json.ts";

/** An in-toto statement: what is said, of which artifacts. */
export interface Statement {
  readonly predicateType: string;
  readonly subjects: readonly Subject[];
  /** By the predicate type; still to be parsed. */
  readonly predicate: unknown;
}

/** An artifact by its digests; hexadecimal, by algorithm. */
export interface Subject {
  readonly name?: string;
  readonly digest: { readonly [algorithm: string]: string };
}

const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
/** cosign 2 still writes the older one, whose members are the same. */
const STATEMENT_TYPES = [STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1"];

const StatementSchema = z.object({
  _type: z.enum(STATEMENT_TYPES),
  subject: z
    .array(z.object({ name: z.optional(z.string()), digest: z.record(z.string(), z.string()) }))
    .check(z.minLength(1)),
  // A URI, which ends up in answers and on terminals.
  predicateType: z.string().check(z.regex(/^[\x21-\x7e]{1,255}$/)),
  predicate: z.unknown(),
});

/** The bytes of a statement: in-toto Attestation Framework, Statement v1. */
export function statementBytes({ predicateType, subjects, predicate }: Statement): Uint8Array {
  const document = { _type: STATEMENT_TYPE, subject: subjects, predicateType, predicate };
  return new TextEncoder().encode(JSON.stringify(document));
}

/** Returns `undefined` for bytes that are no statement, or that two readers could read in two ways. Never throws. */
export function readStatement(payload: Uint8Array): Statement | undefined {
  const parsed = StatementSchema.safeParse(tryParseJson(payload));
  if (!parsed.success) return undefined;
  const { predicateType, subject, predicate } = parsed.data;
  const subjects = subject.map(({ name, digest }) => ({ digest, ...(name === undefined ? {} : { name }) }));
  return { predicateType, subjects, predicate };
}

/** A digest as statements write it. */
export function digestSet(digest: Digest): Subject["digest"] {
  return { [algorithmOf(digest)]: hexOf(digest) };
}

/** Whether the statement is about content of this digest. */
export function isAbout({ subjects }: Pick<Statement, "subjects">, digest: Digest): boolean {
  return subjects.some((subject) => {
    const set = new Map(Object.entries(subject.digest));
    return set.get(algorithmOf(digest)) === hexOf(digest);
  });
}
