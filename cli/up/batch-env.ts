import { resolve } from "node:path";

/** Variables by which the gateway finds batch jobs and their results, as `mesh batch` does when called in `cwd`. */
export function batchEnv(env: NodeJS.ProcessEnv, cwd: string): NodeJS.ProcessEnv {
  const { MESH_BATCH_JOBS: jobs, MESH_BATCH_RESULTS: results } = env;
  return {
    MESH_BATCH_CWD: cwd,
    ...(jobs ? { MESH_BATCH_JOBS: resolve(cwd, jobs) } : {}),
    ...(results ? { MESH_BATCH_RESULTS: results } : {}),
  };
}
