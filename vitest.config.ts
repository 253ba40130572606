import { defineConfig } from "vitest/config";

// `unit`: beside the sources, with real servers on free ports where one is needed. `mesh`: the whole mesh.
export default defineConfig({
  test: {
    pool: "forks", // a native crash stays in its file
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{kit,services,envoy,gateway,simulator,cli,setup,bench,deploy}/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "mesh",
          include: ["test/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false, // each file starts a whole mesh
        },
      },
    ],
  },
});
