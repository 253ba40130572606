import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Job } from "../../services/batch/job/spec.ts";
import { root } from "../../services/batch/testing/batch-under-test.ts";

/** How a `mesh batch` process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Writes the job's file into `dir/jobs`. */
export async function writeJob(dir: string, job: Job): Promise<void> {
  await mkdir(join(dir, "jobs"), { recursive: true });
  await writeFile(join(dir, "jobs", `${job.name}.yaml`), JSON.stringify(job)); // JSON is YAML
}

/** Runs `mesh batch ARGS` as a process of its own, with `dir` as its folder. */
export async function meshBatch(
  dir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, "cli/main.ts"), "batch", ...args], {
    cwd: dir,
    env: { ...process.env, NO_COLOR: "1", MESH_BATCH_JOBS: join(dir, "jobs"), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { code, signal, out, err };
}
