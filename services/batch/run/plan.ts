import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Card } from "#kit/model/bundle.ts";
import { offerShapes } from "../derive/offers.ts";
import type { RunPlan } from "../destination/destination.ts";
import { readJson, writeAtomically } from "../destination/write-file.ts";
import { runIdOf } from "../job/run-id.ts";
import type { Job } from "../job/spec.ts";
import type { Window } from "../job/window.ts";
import type { RowPreparer } from "../rows/prepare.ts";
import type { ColumnShape } from "../rows/table.ts";
import { takeSnapshot } from "../source/snapshot.ts";
import type { Snapshot } from "../source/source.ts";
import { findDuplicates } from "./duplicates.ts";

/** Some consecutive rows of one file: the unit of work, the same wherever and however often it is done. */
export interface Shard {
  readonly index: number;
  /** Index of the file in the snapshot. */
  readonly file: number;
  readonly start: number;
  readonly end: number;
}

/** All that a run is, fixed before the first row is scored, and kept until it is published. */
export interface Plan {
  readonly run: RunPlan;
  readonly window: Window;
  readonly snapshot: Snapshot;
  /** Rows that repeat an earlier row's key, by file of the snapshot. */
  readonly duplicates: readonly (readonly number[])[];
  readonly shards: readonly Shard[];
}

export interface PlanParts {
  readonly job: Job;
  readonly window: Window;
  readonly card: Card;
  readonly preparer: RowPreparer;
  readonly codeVersion: string;
  /** Folder of the job for what it needs while it runs. */
  readonly workDir: string;
}

/** Fixes what a run reads and writes, and keeps it in `workDir`, so that it can be gone on with. */
export async function makePlan(parts: PlanParts): Promise<Plan> {
  const { job, window, card, preparer, codeVersion, workDir } = parts;
  const spoolDir = join(workDir, `spool-${randomUUID()}`);
  try {
    const columns = preparer.sourceColumns;
    const snapshot = await takeSnapshot(job, window, { spoolDir, columns });
    const modelDigest = card.digest;
    const snapshotDigest = snapshot.digest;
    const runId = runIdOf({ job, window, snapshotDigest, modelDigest, codeVersion });
    const dir = join(workDir, "runs", runId);
    const known = await readJson<Plan>(join(dir, "plan.json")).catch(() => undefined); // a new run
    if (known) return known;
    const kept = snapshot.isBorrowed ? snapshot : await keepSpool(snapshot, spoolDir, dir);
    const plan: Plan = {
      window,
      snapshot: kept,
      duplicates: await findDuplicates(job, window, kept),
      shards: cut(kept, job.shardRows),
      run: {
        runId,
        job: job.name,
        ...window,
        model: job.model,
        ...{ modelDigest, snapshotDigest, codeVersion },
        shards: cut(kept, job.shardRows).length,
        sourceRows: kept.files.reduce((rows, file) => rows + file.rows, 0),
        table: job.destination.table,
        columns: shapesOf(job, card, preparer),
        rankBy: job.destination.rankBy,
      },
    };
    await writeAtomically(join(dir, "plan.json"), JSON.stringify(plan, null, 2));
    return plan;
  } finally {
    await rm(spoolDir, { recursive: true, force: true });
  }
}

/** The plan of the run that was begun last and never ended, whatever the source holds by now. */
export async function unfinishedPlan(
  workDir: string,
  window: Window | undefined,
): Promise<Plan | undefined> {
  const found: { plan: Plan; begunMs: number }[] = [];
  for (const runId of await readdir(join(workDir, "runs")).catch(() => [])) {
    const path = join(workDir, "runs", runId, "plan.json");
    const plan = await readJson<Plan>(path).catch(() => undefined); // died before there was one
    if (!plan || (window && plan.window.fromMs !== window.fromMs)) continue;
    found.push({ plan, begunMs: (await stat(path)).mtimeMs });
  }
  return found.toSorted((a, b) => b.begunMs - a.begunMs)[0]?.plan;
}

/**
 * Forgets every run of a window that is published: also those that were begun before and never ended, which
 * would otherwise be gone on with one day, and put older rows in the place of newer ones.
 */
export async function forgetWindow(workDir: string, { fromMs }: Window): Promise<void> {
  for (const runId of await readdir(join(workDir, "runs")).catch(() => [])) {
    const path = join(workDir, "runs", runId, "plan.json");
    const plan = await readJson<Plan>(path).catch(() => undefined); // died before there was one
    if (plan === undefined || plan.window.fromMs === fromMs) await forgetPlan(workDir, runId);
  }
}

/** Forgets what a run needed while it ran. */
export async function forgetPlan(workDir: string, runId: string): Promise<void> {
  await rm(join(workDir, "runs", runId), { recursive: true, force: true });
}

/** Takes away what a killed run left of a snapshot. Only for whoever has the job's lock. */
export async function sweepSpools(workDir: string): Promise<void> {
  for (const name of await readdir(workDir).catch(() => [])) {
    if (name.startsWith("spool-")) await rm(join(workDir, name), { recursive: true, force: true });
  }
}

async function keepSpool(snapshot: Snapshot, spoolDir: string, dir: string): Promise<Snapshot> {
  const input = join(dir, "input");
  await mkdir(dir, { recursive: true });
  await rm(input, { recursive: true, force: true }); // of a run that was killed before its plan was there
  await mkdir(spoolDir, { recursive: true }); // no row, no file, no folder yet
  await rename(spoolDir, input);
  const files = snapshot.files.map((file) => ({
    ...file,
    path: join(input, `${file.name}.parquet`),
  }));
  return { ...snapshot, files };
}

function cut({ files }: Snapshot, shardRows: number): Shard[] {
  const shards: Shard[] = [];
  files.forEach(({ rows }, file) => {
    for (let start = 0; start < rows; start += shardRows) {
      const end = Math.min(start + shardRows, rows);
      shards.push({ index: shards.length, file, start, end });
    }
  });
  return shards;
}

/** Columns of the destination, in order. */
function shapesOf(job: Job, card: Card, { readers }: RowPreparer): ColumnShape[] {
  return [
    { name: "row_key", kind: "text" },
    { name: "event_ms", kind: "integer" },
    ...readers.map(({ name, kind }) => ({ name, kind })),
    ...card.outputs.map(({ name }): ColumnShape => ({ name, kind: "number" })),
    ...(job.offers ? offerShapes : []),
  ];
}
