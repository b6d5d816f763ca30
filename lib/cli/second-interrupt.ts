import { EXIT } from "./exit.ts";

/** npm sends Ctrl-C twice; only a later one means that whoever pressed it will not wait. */
const SAME_CTRL_C_MS = 1_000;

/** Ends the process at a Ctrl-C that is not the first, for commands that finish what they began. Returns how to stop that. */
export function endAtSecondInterrupt(interrupted: AbortSignal): () => void {
  let first = Number.POSITIVE_INFINITY;
  const onFirst = () => {
    first = Date.now();
  };
  const onInterrupt = () => {
    if (Date.now() - first > SAME_CTRL_C_MS) process.exit(EXIT.interrupted);
  };
  interrupted.addEventListener("abort", onFirst, { once: true });
  process.on("SIGINT", onInterrupt);
  return () => {
    process.off("SIGINT", onInterrupt);
    interrupted.removeEventListener("abort", onFirst);
  };
}
