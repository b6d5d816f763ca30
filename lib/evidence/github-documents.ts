import * as z from "zod/mini";

/**
 * What of GitHub's answers is used, in the words of its published GraphQL schema. There, whatever may be hidden from the
 * caller is nullable; here an entry of a list that is null is refused, since nobody may pass for what could not be seen.
 */
const text = z.string();
const login = z.nullable(z.object({ login: text }));

function connectionOf<T extends z.ZodMiniType>(node: T) {
  return z.object({
    nodes: z.array(node),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.nullable(text) }),
  });
}

const ContextSchema = z.discriminatedUnion("__typename", [
  z.object({
    __typename: z.literal("CheckRun"),
    name: text,
    status: text,
    conclusion: z.nullable(text),
  }),
  z.object({ __typename: z.literal("StatusContext"), context: text, state: text }),
]);
const ContextsSchema = connectionOf(ContextSchema);

const ReviewSchema = z.object({
  author: login,
  authorCanPushToRepository: z.boolean(),
  state: z.enum(["APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"]),
  submittedAt: z.nullable(z.iso.datetime({ offset: true })),
});
const ReviewsSchema = connectionOf(ReviewSchema);

const PullRequestSchema = z.object({
  id: text,
  number: z.number(),
  merged: z.boolean(),
  mergeCommit: z.nullable(z.object({ oid: text })),
  baseRefName: text,
  repository: z.object({ nameWithOwner: text }),
  author: login,
  reviews: ReviewsSchema,
});
const PullRequestsSchema = connectionOf(PullRequestSchema);

const CommitSchema = z.object({
  __typename: z.literal("Commit"),
  oid: text,
  id: text,
  signature: z.nullable(z.object({ isValid: z.boolean(), state: text })),
  statusCheckRollup: z.nullable(z.object({ state: text, contexts: ContextsSchema })),
  associatedPullRequests: z.nullable(PullRequestsSchema),
});
const OtherObjectSchema = z.object({ __typename: z.enum(["Blob", "Tag", "Tree"]), oid: text });

const RuleSchema = z.object({
  type: text,
  parameters: z.nullable(z.object({ requiredApprovingReviewCount: z.optional(z.number()) })),
});
const RulesSchema = connectionOf(RuleSchema);

const BranchProtectionSchema = z.object({
  requiresApprovingReviews: z.boolean(),
  requiredApprovingReviewCount: z.nullable(z.number()),
});

const DefaultBranchSchema = z.object({
  id: text,
  name: text,
  target: z.nullable(z.object({ oid: text })),
  compare: z.nullable(z.object({ status: text, headTarget: z.object({ oid: text }) })),
  branchProtectionRule: z.nullable(BranchProtectionSchema),
  rules: z.nullable(RulesSchema),
});

export const CommitAnswerSchema = z.object({
  repository: z.nullable(
    z.object({
      nameWithOwner: text,
      defaultBranchRef: z.nullable(DefaultBranchSchema),
      object: z.nullable(z.discriminatedUnion("__typename", [CommitSchema, OtherObjectSchema])),
    }),
  ),
});

export const ContextsAnswerSchema = z.object({
  node: z.object({ statusCheckRollup: z.object({ contexts: ContextsSchema }) }),
});
export const PullRequestsAnswerSchema = z.object({
  node: z.object({ associatedPullRequests: PullRequestsSchema }),
});
export const ReviewsAnswerSchema = z.object({ node: z.object({ reviews: ReviewsSchema }) });
export const RulesAnswerSchema = z.object({ node: z.object({ rules: RulesSchema }) });

/** What stands in an answer beside, or in place of, its data. */
export const ErrorsSchema = z.array(
  z.object({
    type: z.optional(text),
    message: z.optional(text),
    path: z.optional(z.array(z.union([text, z.number()]))),
    extensions: z.optional(z.object({ code: z.optional(text), saml_failure: z.optional(z.boolean()) })),
  }),
);

export type CommitAnswer = z.infer<typeof CommitAnswerSchema>;
export type ContextsAnswer = z.infer<typeof ContextsAnswerSchema>;
export type PullRequestsAnswer = z.infer<typeof PullRequestsAnswerSchema>;
export type ReviewsAnswer = z.infer<typeof ReviewsAnswerSchema>;
export type RulesAnswer = z.infer<typeof RulesAnswerSchema>;

export type FoundBranch = z.infer<typeof DefaultBranchSchema>;
export type FoundRule = z.infer<typeof RuleSchema>;
export type FoundCommit = z.infer<typeof CommitSchema>;
export type FoundContext = z.infer<typeof ContextSchema>;
export type FoundReview = z.infer<typeof ReviewSchema>;
/** A pull request with the first page of its reviews. */
export type FoundPullRequest = z.infer<typeof PullRequestSchema>;
export type AnswerError = z.infer<typeof ErrorsSchema>[number];

export interface Page<T> {
  readonly nodes: readonly T[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}
