import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { MeshError } from "#kit/rpc/errors.ts";

/** One monthly file of green taxi trips, as TLC names it. */
export interface MonthFile {
  readonly path: string;
  /** `YYYY-MM`. */
  readonly month: string;
}

/** The name of a month's file. `month` is `YYYY-MM`. */
export function monthFileName(month: string): string {
  return `green_tripdata_${month}.parquet`;
}

/**
 * The monthly files that a path means: itself, or those in the folder, oldest first.
 *
 * Throws a `MeshError` with one sentence when the path is missing or holds none.
 */
export function findMonthFiles(path: string): MonthFile[] {
  if (!existsSync(path)) throw new MeshError("NOT_FOUND", `There are no trips at ${path}.`);
  const isFolder = statSync(path).isDirectory();
  const names = isFolder ? readdirSync(path).map((name) => join(path, name)) : [path];
  const files = names.flatMap((name) => {
    const month = /^green_tripdata_(\d{4}-\d{2})\.parquet$/.exec(basename(name))?.[1];
    return month ? [{ path: name, month }] : [];
  });
  if (files.length === 0) {
    const what = isFolder ? "holds no file" : "is not a file";
    throw new MeshError("NOT_FOUND", `${path} ${what} named ${monthFileName("YYYY-MM")}.`);
  }
  return files.sort((a, b) => a.month.localeCompare(b.month));
}
