import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import type { TableColumn } from "../rows/table.ts";

/** Writes a file that is whole or absent, also after a power loss: a name of its own, sync, rename. */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}-${randomUUID()}.part`;
  try {
    const file = await open(part, "w");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true });
    throw cause;
  }
}

export async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, "utf8")) as T;
}

/** A shard's rows as one parquet file; the same rows are the same bytes. */
export async function writeShardFile(path: string, columns: readonly TableColumn[]): Promise<void> {
  const rows = columns[0]?.values.length ?? 0;
  const buffer = parquetWriteBuffer({
    columnData: columns.map(toColumnSource),
    rowGroupSize: Math.max(rows, 1),
  });
  await writeAtomically(path, new Uint8Array(buffer));
}

function toColumnSource({ name, kind, values }: TableColumn) {
  if (kind === "text") return { name, data: [...values], type: "STRING" as const };
  const numbers = Array.from(values as Float64Array, (v) => (Number.isNaN(v) ? null : v));
  if (kind === "number") return { name, data: numbers, type: "DOUBLE" as const };
  return {
    name,
    data: numbers.map((value) => (value === null ? null : BigInt(value))),
    type: "INT64" as const,
  };
}
