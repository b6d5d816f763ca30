// Runs after an install in a checkout. Plain JavaScript, so that an old Node.js can still say what is wrong.
import process from "node:process";

const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error(
    `This checkout runs on Node.js 24 or later, and found ${process.version}. npm brings it along on Linux (x64 and arm64); ` +
      "elsewhere install it yourself, then run npm ci again.",
  );
  process.exitCode = 1;
}
