import { expect, test } from "vitest";
import { batchEnv } from "./batch-env.ts";

test("the gateway looks where mesh batch would, called in the same folder", () => {
  expect(batchEnv({}, "/there")).toEqual({ MESH_BATCH_CWD: "/there" });
  const env = { MESH_BATCH_JOBS: "jobs", MESH_BATCH_RESULTS: "r.db", MESH_DATABASE: "elsewhere" };
  expect(batchEnv(env, "/there")).toEqual({
    MESH_BATCH_CWD: "/there",
    MESH_BATCH_JOBS: "/there/jobs",
    MESH_BATCH_RESULTS: "r.db",
  });
});
