import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { MeshError } from "#kit/rpc/errors.ts";
import type { Window } from "../job/window.ts";

/** The parquet files of a window: a file, all of a folder, or a pattern of the window's start. */
export async function findFiles(place: string, { fromMs }: Window): Promise<string[]> {
  const path = fillPattern(place, fromMs);
  const found = await stat(path).catch((cause: unknown) => {
    throw new MeshError("NOT_FOUND", `${path} cannot be read: there is nothing for this window`, {
      cause,
    });
  });
  if (!found.isDirectory()) return [path];
  const files = (await readdir(path)).filter((file) => file.endsWith(".parquet")).toSorted();
  if (files.length > 0) return files.map((file) => join(path, file));
  throw new MeshError("NOT_FOUND", `${path} holds no .parquet file`);
}

/** The file's name without its ending; it names the file in keys. */
export function stemOf(path: string): string {
  return basename(path).replace(/\.parquet$/, "");
}

function fillPattern(place: string, fromMs: number): string {
  const time = new Date(fromMs).toISOString();
  return place
    .replaceAll("{yyyy}", time.slice(0, 4))
    .replaceAll("{MM}", time.slice(5, 7))
    .replaceAll("{dd}", time.slice(8, 10))
    .replaceAll("{HH}", time.slice(11, 13));
}
