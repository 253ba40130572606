import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { MeshError } from "#kit/rpc/errors.ts";
import { type JobSurroundings, loadJob } from "../../services/batch/job/load-job.ts";
import type { Job } from "../../services/batch/job/spec.ts";
import type { JobProblem } from "./view.ts";

/** More files than this in the folder are not looked at. */
const MOST_FILES = 200;

export interface FoundJobs {
  readonly jobs: readonly Job[];
  readonly problems: readonly JobProblem[];
}

/** The jobs of a folder. A file at fault is told and hides no other. Fails with NOT_FOUND without the folder. */
export async function findJobs(dir: string, surroundings: JobSurroundings): Promise<FoundJobs> {
  const files = await readdir(dir).catch((cause: unknown) => {
    throw new MeshError("NOT_FOUND", "the folder of the jobs cannot be read: see MESH_BATCH_JOBS", {
      cause,
    });
  });
  const jobs: Job[] = [];
  const problems: JobProblem[] = [];
  const named = files.filter((file) => file.endsWith(".yaml")).toSorted();
  for (const file of named.slice(0, MOST_FILES)) {
    try {
      jobs.push(await loadJob(join(dir, file), surroundings));
    } catch (cause) {
      problems.push({ file, why: reasonOf(cause) });
    }
  }
  return { jobs, problems };
}

function reasonOf(cause: unknown): string {
  const { message, violations } = MeshError.from(cause);
  const fields = violations.map(({ field, description }) => `${field} ${description}`);
  return fields.length > 0 ? fields.join("; ") : message;
}
