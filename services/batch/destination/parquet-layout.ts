import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ColumnShape, QuarantinedRow } from "../rows/table.ts";
import type { RunSummary } from "./destination.ts";
import { readJson } from "./write-file.ts";

/** `run.json` in a run's folder: history, beside the pointers that readers go by. */
export interface StoredRunFile extends RunSummary {
  readonly startedOrder: number;
  readonly columns: readonly ColumnShape[];
}

/** `published/<from>.json`: what readers see of a window. */
export interface PublishedRun {
  readonly runId: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Paths below the table's folder. */
  readonly files: readonly {
    readonly name: string;
    readonly rows: number;
    readonly sha256: string;
  }[];
}

export function runFolder(root: string, { table, runId }: Pick<RunSummary, "table" | "runId">) {
  return join(root, table, "runs", runId);
}

export function shardName(shard: number): string {
  return `shard-${String(shard).padStart(5, "0")}`;
}

/** The pointer of a window. */
export function pointerPath(root: string, { table, fromMs }: Pick<RunSummary, "table" | "fromMs">) {
  const name = new Date(fromMs).toISOString().slice(0, 13);
  return join(root, table, "published", `${name}.json`);
}

/** Every run below a destination. A run that a pointer names is published, whatever its own note says yet. */
export async function readRuns(root: string): Promise<StoredRunFile[]> {
  const runs: StoredRunFile[] = [];
  for (const table of await foldersIn(root)) {
    for (const runId of await foldersIn(join(root, table, "runs"))) {
      const run = await readJson<StoredRunFile>(
        join(runFolder(root, { table, runId }), "run.json"),
      ).catch(() => undefined); // a folder that was just made
      if (!run) continue;
      const pointer = await readJson<PublishedRun>(pointerPath(root, run)).catch(() => undefined); // none yet
      const isPublished = pointer?.runId === runId;
      if (isPublished) runs.push({ ...run, state: "published" });
      else runs.push(run.state === "published" ? { ...run, state: "superseded" } : run);
    }
  }
  return runs;
}

/** Quarantined rows of a run's folder, the first `limit`. */
export async function readRejects(dir: string, limit: number): Promise<QuarantinedRow[]> {
  const rejects: QuarantinedRow[] = [];
  const files = (await readdir(dir)).filter((file) => file.endsWith(".quarantine.jsonl"));
  for (const file of files.toSorted()) {
    for (const line of (await readFile(join(dir, file), "utf8")).split("\n")) {
      if (line !== "" && rejects.length < limit) rejects.push(JSON.parse(line) as QuarantinedRow);
    }
  }
  return rejects;
}

async function foldersIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []); // none there
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
