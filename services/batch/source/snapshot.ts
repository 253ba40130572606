import { createHash } from "node:crypto";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Job } from "../job/spec.ts";
import type { Window } from "../job/window.ts";
import { findFiles, stemOf } from "./find-files.ts";
import { openTable } from "./open-table.ts";
import { describeParquet, openParquet, sha256Of } from "./parquet-file.ts";
import type { Snapshot, SnapshotFile } from "./source.ts";
import { spoolRows } from "./spool.ts";

/**
 * Fixes what a run reads. Parquet files are taken where they lie, by their digest; rows of a database are
 * copied into `spoolDir`, from one state of it, so that a run which is resumed reads what it began with.
 */
export async function takeSnapshot(
  job: Job,
  window: Window,
  { spoolDir, columns }: { readonly spoolDir: string; readonly columns: readonly string[] },
): Promise<Snapshot> {
  const { source } = job;
  if (source.kind !== "parquet") {
    const table = await openTable(source, columns);
    try {
      return snapshotOf(await spoolRows(table.rows(window), columns, spoolDir), false);
    } finally {
      await table.close();
    }
  }
  const files: SnapshotFile[] = [];
  for (const path of await findFiles(source.url.slice("parquet:".length), window)) {
    const file = await describeParquet(path, stemOf(path));
    await checkColumns(file, columns);
    files.push(file);
  }
  return snapshotOf(files, true);
}

function snapshotOf(files: readonly SnapshotFile[], isBorrowed: boolean): Snapshot {
  const hash = createHash("sha256");
  for (const { name, sha256 } of files) hash.update(`${name}\0${sha256}\0`);
  return { files, isBorrowed, digest: hash.digest("hex") };
}

async function checkColumns(file: SnapshotFile, columns: readonly string[]): Promise<void> {
  const { columns: present } = await openParquet(file);
  const missing = columns.filter((column) => !present.includes(column));
  if (missing.length === 0) return;
  throw new MeshError(
    "FAILED_PRECONDITION",
    `${file.path} has no column ${missing.join(", ")}: the job's contract needs it`,
  );
}

/** Fails when a file is no longer the one that was scored: its rows would be published under a digest not theirs. */
export async function checkUnchanged({ files, isBorrowed }: Snapshot): Promise<void> {
  for (const { path, sha256 } of isBorrowed ? files : []) {
    const now = await sha256Of(path).catch(() => "gone"); // told below
    if (now === sha256) continue;
    throw new MeshError(
      "ABORTED",
      `${path} was changed while it was scored: nothing is published, run the job again`,
    );
  }
}
