import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { gunzipSync } from "node:zlib";
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type Compressors,
  type FileMetaData,
  type ParquetParsers,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type SchemaElement,
} from "hyparquet";
import { compressors as others } from "hyparquet-compressors";
import { MeshError } from "#kit/rpc/errors.ts";
import type { SnapshotFile, SourceRows } from "./source.ts";

/** An open parquet file. */
export interface ParquetFile {
  readonly file: SnapshotFile;
  readonly columns: readonly string[];
  /** Rows `[start, end)`. The row group of the last call is kept: read shards in order. */
  read(start: number, end: number, columns: readonly string[]): Promise<SourceRows>;
}

/** Node's own gunzip is several times as fast as one in JavaScript. */
const compressors: Compressors = { ...others, GZIP: (bytes) => gunzipSync(bytes) };

interface Group {
  readonly start: number;
  readonly end: number;
  readonly columns: ReadonlyMap<string, Cells>;
}

type Cells = Float64Array | unknown[];

/** SHA-256 of a file's bytes, hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Fails with one sentence for a file that is not there or no parquet. */
export async function describeParquet(path: string, name: string): Promise<SnapshotFile> {
  const { metadata } = await open(path);
  return { name, path, rows: Number(metadata.num_rows), sha256: await sha256Of(path) };
}

/** Opens a file of a snapshot. One row group is in memory at a time. */
export async function openParquet(file: SnapshotFile): Promise<ParquetFile> {
  const { buffer, metadata } = await open(file.path);
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  const times = new Set(
    parquetSchema(metadata)
      .children.filter(({ element }) => isTime(element))
      .map(({ element }) => element.name),
  );
  let group: (Group & { readonly wanted: string }) | undefined;

  async function groupAt(row: number, columns: readonly string[]): Promise<Group> {
    const wanted = columns.join("\0");
    if (group?.wanted === wanted && group.start <= row && row < group.end) return group;
    group = undefined; // free it before the next is read
    const { start, end } = boundsAt(metadata, row);
    const read = await readColumns(
      { file: buffer, metadata, rowStart: start, rowEnd: end },
      columns,
    );
    group = { start, end, columns: read, wanted };
    return group;
  }

  return {
    file,
    columns: names,
    async read(start, end, columns) {
      const parts: ReadonlyMap<string, Cells>[] = [];
      for (let row = start; row < end; ) {
        const found = await groupAt(row, columns);
        const until = Math.min(end, found.end);
        const slice = ([name, cells]: [string, Cells]) =>
          [name, cells.slice(row - found.start, until - found.start)] as const;
        parts.push(new Map([...found.columns].map(slice)));
        row = until;
      }
      const [first] = parts;
      const joined = parts.length === 1 && first ? first : joinParts(parts, columns);
      return { file: file.name, firstRow: start, count: end - start, columns: joined, times };
    },
  };
}

/** Of rows that lie in more than one row group. */
function joinParts(
  parts: readonly ReadonlyMap<string, Cells>[],
  names: readonly string[],
): Map<string, unknown[]> {
  return new Map(
    names.map((name) => [name, parts.flatMap((part) => Array.from(part.get(name) ?? []))]),
  );
}

async function open(path: string): Promise<{ buffer: AsyncBuffer; metadata: FileMetaData }> {
  const buffer = await asyncBufferFromFile(path).catch((cause: unknown) => {
    throw new MeshError("NOT_FOUND", `${path} cannot be read`, { cause });
  });
  const metadata = await parquetMetadataAsync(buffer).catch((cause: unknown) => {
    throw new MeshError("INVALID_ARGUMENT", `${path} is not a parquet file`, { cause });
  });
  return { buffer, metadata };
}

function boundsAt(metadata: FileMetaData, row: number): { start: number; end: number } {
  let start = 0;
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows);
    if (row < end) return { start, end };
    start = end;
  }
  throw new RangeError(`there is no row ${row}`);
}

/** Times as ms: an object for each is most of what a month would take. */
const parsers: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (ms) => Number(ms),
  timestampFromMicroseconds: (us) => Number(us / 1000n),
  timestampFromNanoseconds: (ns) => Number(ns / 1_000_000n),
};

/** Whole rows, which the reader offers too, take far more memory. */
async function readColumns(
  range: { file: AsyncBuffer; metadata: FileMetaData; rowStart: number; rowEnd: number },
  names: readonly string[],
): Promise<Map<string, Cells>> {
  const count = range.rowEnd - range.rowStart;
  const numeric = numericColumns(range.metadata);
  const columns = new Map(
    names.map((name) => [
      name,
      numeric.has(name) ? new Float64Array(count) : new Array<unknown>(count),
    ]),
  );
  await parquetRead({
    ...range,
    columns: [...names],
    compressors,
    parsers,
    onChunk({ columnName, columnData, rowStart }) {
      const column = columns.get(columnName);
      const offset = rowStart - range.rowStart;
      if (column instanceof Float64Array) {
        for (let i = 0; i < columnData.length; i++)
          column[offset + i] = columnData[i] ?? Number.NaN;
      } else if (column) {
        for (let i = 0; i < columnData.length; i++) column[offset + i] = columnData[i];
      }
    },
  });
  return columns;
}

/** Columns that hold numbers or times, in which NaN says "none", as it does in data frames. */
function numericColumns(metadata: FileMetaData): Set<string> {
  const columns = parquetSchema(metadata).children.filter(
    ({ element }) => element.type === "DOUBLE" || element.type === "FLOAT" || isTime(element),
  );
  return new Set(columns.map(({ element }) => element.name));
}

function isTime({ converted_type, logical_type }: SchemaElement): boolean {
  return logical_type?.type === "TIMESTAMP" || converted_type?.startsWith("TIMESTAMP") === true;
}
