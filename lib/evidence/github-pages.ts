import { VoucherError } from "../errors.ts";
import type { Page } from "./github-documents.ts";

const MOST_PAGES = 50;

/**
 * Returns the nodes of `first` and of every page after it. Throws `malformed` for pages that go in a circle, `limit` where
 * there are more than fifty; `what` names them in both messages.
 */
export async function readPages<T>(
  first: Page<T>,
  next: (after: string) => Promise<Page<T>>,
  what: string,
): Promise<readonly T[]> {
  const nodes = [...first.nodes];
  const seen = new Set<string>();
  for (let { pageInfo } = first; pageInfo.hasNextPage; ) {
    const cursor = pageInfo.endCursor;
    if (cursor === null || seen.has(cursor)) {
      throw new VoucherError("malformed", `GitHub says that there are more ${what}, but not where`);
    }
    if (seen.size + 1 >= MOST_PAGES) {
      throw new VoucherError(
        "limit",
        `there are more ${what} than the ${nodes.length} that are read at most`,
      );
    }
    seen.add(cursor);
    const page = await next(cursor);
    nodes.push(...page.nodes);
    pageInfo = page.pageInfo;
  }
  return nodes;
}
