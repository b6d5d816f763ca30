import { defineConfig } from "vitest/config";

const E2E = "test/e2e/**/*.test.ts";
/** Those that take the whole machine for a minute. */
const ENDURANCE = "test/e2e/{crashes,load}.test.ts";

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default"],
    projects: [
      { extends: true, test: { name: "unit", include: ["test/**/*.test.ts"], exclude: [E2E] } },
      {
        extends: true,
        test: {
          name: "e2e",
          include: [E2E],
          exclude: [ENDURANCE],
          // The bundle is built only where a test that runs it was asked for.
          globalSetup: ["test/support/bundle.ts"],
          // These tests wait for other processes more than they work.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "endurance",
          include: [ENDURANCE],
          globalSetup: ["test/support/bundle.ts"],
          // After all others, one at a time: what they put the machine through, no other test's patience allows for.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
