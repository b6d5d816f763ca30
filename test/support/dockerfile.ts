import { readFileSync } from "node:fs";
import { DockerfileParser, type Instruction } from "dockerfile-ast";

/** The image that the Dockerfile's last stage makes, as far as the file says it. */
export interface DescribedImage {
  readonly user: string;
  readonly env: { readonly [name: string]: string };
  /** What the container runs: the entry point and its arguments. */
  readonly command: readonly string[];
  /** What is copied from the build context, and where to. */
  readonly copies: readonly { readonly from: string; readonly to: string }[];
}

/** Reads the Dockerfile in the root of the checkout. */
export function readDockerfile(): DescribedImage {
  const text = readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8");
  const lines = text.split("\n");
  const instructions = DockerfileParser.parse(text).getInstructions();
  const last = instructions.findLastIndex((instruction) => instruction.getKeyword() === "FROM");
  const stage = instructions.slice(last);
  const saying = (keyword: string) => stage.filter((instruction) => instruction.getKeyword() === keyword);
  const wordsOf = (instruction: Instruction) =>
    instruction.getArguments().map((argument) => argument.getValue());
  const [user = ""] = saying("USER").flatMap(wordsOf);
  const fromContext = saying("COPY").filter(
    (instruction) => !lines[instruction.getRange().start.line]?.includes("--from="),
  );
  const copies = fromContext.map(wordsOf).map(([from = "", to = ""]) => ({ from, to }));
  return {
    user,
    env: Object.fromEntries(
      saying("ENV")
        .flatMap(wordsOf)
        .map((pair) => pair.split("=", 2)),
    ),
    command: [...saying("ENTRYPOINT"), ...saying("CMD")].flatMap((instruction) =>
      JSON.parse(instruction.getRawArgumentsContent() ?? "[]"),
    ),
    copies,
  };
}
