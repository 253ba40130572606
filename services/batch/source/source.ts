import type { Window } from "../job/window.ts";

/** A file of the snapshot: rows that no longer change. */
export interface SnapshotFile {
  /** Names the file in keys and messages, the same wherever it lies: `green_tripdata_2021-01`. */
  readonly name: string;
  readonly path: string;
  readonly rows: number;
  /** SHA-256 of its bytes. */
  readonly sha256: string;
}

/** What a run reads, fixed before the first row is scored. */
export interface Snapshot {
  readonly files: readonly SnapshotFile[];
  /** SHA-256 over names and digests of the files. */
  readonly digest: string;
  /** Whether the files are the source's own, which somebody could still change under the run. */
  readonly isBorrowed: boolean;
}

/** Columns of some rows, in the order of the source. */
export interface SourceRows {
  readonly file: string;
  /** Number of the first row in its file. */
  readonly firstRow: number;
  readonly count: number;
  readonly columns: ReadonlyMap<string, ArrayLike<unknown>>;
  /** Columns whose numbers are times, ms since 1970. */
  readonly times: ReadonlySet<string>;
}

/** A row of a database, by column. */
export type SourceRow = Readonly<Record<string, unknown>>;

/** A database of which one consistent state can be read. */
export interface TableReader {
  /** The window's rows in the order of their key, a few thousand at a time, all of one state of the database. */
  rows(window: Window): AsyncIterable<readonly SourceRow[]>;
  close(): Promise<void>;
}
