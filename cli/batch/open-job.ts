import { join, resolve } from "node:path";
import { type Command, Option } from "commander";
import { type Bundle, loadBundle } from "#kit/model/bundle.ts";
import { codeVersion } from "../../services/batch/job/code-version.ts";
import { loadJob, loadJobs } from "../../services/batch/job/load-job.ts";
import type { Job } from "../../services/batch/job/spec.ts";
import { findBundle } from "../bundles/find-bundles.ts";
import type { CommandContext } from "../commands/context.ts";

/** Where jobs are described and where they work. */
export interface JobFlags {
  jobs?: string;
  dataDir?: string;
}

export function withJobPlace(command: Command): Command {
  return command
    .addOption(
      new Option("--jobs <dir>", "folder of the job files (default: those of the project)").env(
        "MESH_BATCH_JOBS",
      ),
    )
    .option("--data-dir <dir>", "where runs keep what they need while they run (default: .mesh)");
}

/** A job with all that a run of it needs beside its window. */
export interface OpenJob {
  readonly job: Job;
  readonly bundle: Bundle;
  readonly codeVersion: string;
}

/** Finds a job by its name, or by the path of its file. */
export async function findJob(
  name: string,
  flags: JobFlags,
  { root, cwd, env }: CommandContext,
): Promise<Job> {
  const isPath = name.endsWith(".yaml") || name.includes("/");
  const path = isPath ? resolve(cwd, name) : join(jobsDir(flags, { root, cwd }), `${name}.yaml`);
  return loadJob(path, { env, cwd });
}

export async function allJobs(flags: JobFlags, { root, cwd, env }: CommandContext): Promise<Job[]> {
  return loadJobs(jobsDir(flags, { root, cwd }), { env, cwd });
}

export async function openJob(job: Job, { root }: CommandContext): Promise<OpenJob> {
  const { dir } = await findBundle(join(root, "models"), job.model);
  return { job, bundle: await loadBundle(dir), codeVersion: await codeVersion(root) };
}

export function workDirOf({ dataDir = ".mesh" }: JobFlags, cwd: string): string {
  return join(resolve(cwd, dataDir), "batch");
}

function jobsDir({ jobs }: JobFlags, { root, cwd }: { root: string; cwd: string }): string {
  return jobs === undefined ? join(root, "services/batch/jobs") : resolve(cwd, jobs);
}
