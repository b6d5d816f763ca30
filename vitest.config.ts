import { defineConfig } from "vitest/config";

const E2E = "test/e2e/**/*.test.ts";

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
          // The bundle is built only where a test that runs it was asked for.
          globalSetup: ["test/support/bundle.ts"],
          // These tests wait for other processes more than they work.
          maxWorkers: 2,
        },
      },
    ],
  },
});
