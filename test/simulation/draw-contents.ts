import type { Content, ContentName, Repository } from "./history.ts";
import { REPOSITORIES } from "./names.ts";
import type { Random } from "./random.ts";

/** What there is, and where it may be. */
export interface Drawn {
  readonly repositories: readonly Repository[];
  readonly contents: readonly Content[];
}

const PLATFORMS = ["linux/amd64", "linux/amd64", "linux/arm64", "linux/arm/v7"] as const;
const USERS = ["app", "app", "app", "1000:1000", "", "root", "0:0"] as const;

/** Images, and indexes of them: some share children, some are nested. */
export function drawContents(random: Random): Drawn {
  const images = Array.from({ length: random.pick([1, 2, 2, 2, 3, 3, 4, 4, 7]) }, (_, at): Content => {
    const name = `img${at + 1}`;
    return { name, kind: "image", platform: random.pick(PLATFORMS), user: random.pick(USERS) };
  });
  const indexes: (Content & { kind: "index" })[] = [];
  for (let at = 0; at < random.pick([0, 1, 1, 2]); at += 1) {
    const inner = indexes.filter((one) => depthOf(one, indexes) < 3 && random.chance(0.4));
    const children = [
      ...images.filter(() => random.chance(0.6)).map(({ name }) => name),
      ...inner.map(({ name }) => name),
    ];
    const [first] = images;
    indexes.push({
      name: `idx${at + 1}`,
      kind: "index",
      children: children.length === 0 && first !== undefined ? [first.name] : children,
      attestations: random.chance(0.3),
    });
  }
  const artifacts: Content[] = random.chance(0.15) ? [{ name: "chart", kind: "artifact" }] : [];
  return { repositories: drawRepositories(random), contents: [...images, ...indexes, ...artifacts] };
}

function depthOf({ children }: Content & { kind: "index" }, all: readonly Content[]): number {
  const inner = all.flatMap((one) => (one.kind === "index" && children.includes(one.name) ? [one] : []));
  return 1 + Math.max(0, ...inner.map((one) => depthOf(one, all)));
}

/** Two of ours; now and then also one beside them, or on a strange host. */
function drawRepositories(random: Random): readonly Repository[] {
  const ours = REPOSITORIES[random.chance(0.5) ? "plain" : "google"];
  const own = ours.map((name): Repository => ({ name, standing: "ours" }));
  if (random.chance(0.8)) return own;
  return random.chance(0.5)
    ? [...own, { name: REPOSITORIES.beside, standing: "beside ours" }]
    : [...own, { name: REPOSITORIES.strange, standing: "on a strange host" }];
}

/** Everything that an upload of `name` brings along, children first. */
export function withChildren(name: ContentName, contents: readonly Content[]): readonly ContentName[] {
  const content = contents.find((one) => one.name === name);
  const inner =
    content?.kind === "index" ? content.children.flatMap((child) => withChildren(child, contents)) : [];
  return [...new Set([...inner, name])];
}
