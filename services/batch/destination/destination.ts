import type { ColumnShape, QuarantinedRow, TableColumn } from "../rows/table.ts";
import { openParquetDestination } from "./parquet-destination.ts";
import { openPostgresClient } from "./postgres-client.ts";
import { createSqlDestination } from "./sql-destination.ts";
import { openSqliteClient } from "./sqlite-client.ts";

/**
 * `running`: rows are staged, nobody sees them. `published`: readers see its rows. `superseded`: a later run of
 * the window took its place. `stopped`: it was refused. `abandoned`: another run was published before it ended.
 */
export type RunState = "running" | "published" | "superseded" | "stopped" | "abandoned";

/** A run as it is known before its first row is scored. */
export interface RunPlan {
  readonly runId: string;
  readonly job: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** `duration@v2`. */
  readonly model: string;
  readonly modelDigest: string;
  readonly snapshotDigest: string;
  readonly codeVersion: string;
  /** Shards that make it whole. */
  readonly shards: number;
  /** Rows of the source, those of other windows too. */
  readonly sourceRows: number;
  readonly table: string;
  readonly columns: readonly ColumnShape[];
  /** Column by which readers get a rank within the run. */
  readonly rankBy: string | undefined;
}

/** What is noted of a finished shard, in the same step as its rows. */
export interface ShardMark {
  readonly shard: number;
  readonly rows: number;
  readonly quarantined: number;
  /** Rows of other windows. */
  readonly outside: number;
  /** Rows without a value, by column that may lack it. */
  readonly nulls: Readonly<Record<string, number>>;
  /** SHA-256 over the rows, see rows/table.ts. */
  readonly digest: string;
}

export interface ShardResult {
  readonly mark: ShardMark;
  readonly columns: readonly TableColumn[];
  readonly rejects: readonly QuarantinedRow[];
}

/** A run as history has it. */
export interface RunSummary extends Omit<RunPlan, "columns" | "rankBy"> {
  readonly state: RunState;
  /** Why it was stopped; empty otherwise. */
  readonly reason: string;
  readonly rows: number;
  readonly quarantined: number;
  readonly outside: number;
  readonly startedMs: number;
  /** When it was published, stopped or abandoned. */
  readonly finishedMs: number | undefined;
}

/** How a run ends: what its shards add up to. */
export interface RunTotals {
  readonly rows: number;
  readonly quarantined: number;
  readonly outside: number;
}

/** Where results go. Every method is all or nothing, and safe to be called by two runs at once. */
export interface Destination {
  /**
   * Begins a run or goes on with it; `published` when there is nothing left to do. A run that has ended
   * otherwise begins anew, as the latest of its window; with `resume` it fails with ABORTED instead.
   */
  start(plan: RunPlan, resume: boolean): Promise<"running" | "published">;
  /** Shards that are written. */
  marks(runId: string): Promise<ShardMark[]>;
  /** Writes a shard, out of readers' sight; a shard that is there already stays as it is. */
  writeShard(runId: string, shard: ShardResult): Promise<void>;
  /**
   * Makes the whole run visible in one step, in place of what was published for the window. Fails with
   * DATA_LOSS when rows are missing, ABORTED when a later run of the window was published.
   */
  publish(runId: string, totals: RunTotals): Promise<void>;
  /** Gives a run up: its staged rows go, its quarantine and the reason stay. */
  stop(runId: string, totals: RunTotals, reason: string): Promise<void>;
  close(): Promise<void>;
}

/** A reason for quarantine, and how many rows it took. */
export interface RejectCount {
  readonly reason: string;
  readonly rows: number;
}

/** What is read from a results database. */
export interface Results {
  /** Runs of a job, or of all, newest first; at most `limit`, by default all. */
  runs(job?: string, limit?: number): Promise<RunSummary[]>;
  /** Shards of a run that are written; none once it is over and gave up its rows. */
  marks(runId: string): Promise<ShardMark[]>;
  /** Rows of a published run, in the order of their keys; the named columns, some thousand rows at a time. */
  rows(
    run: RunSummary,
    columns: readonly string[],
  ): AsyncIterable<ReadonlyMap<string, readonly unknown[]>>;
  /** Columns of a run's rows. */
  columns(run: RunSummary): Promise<readonly ColumnShape[]>;
  /** Quarantined rows of a run, the first `limit` by place. */
  rejects(runId: string, limit: number): Promise<QuarantinedRow[]>;
  close(): Promise<void>;
}

/** The wall clock, ms: for history only, no row depends on it. */
export type NowMs = () => number;

/** Opens a destination by its URL and makes what it needs. */
export async function openDestination(url: string, nowMs: NowMs): Promise<Destination & Results> {
  if (url.startsWith("parquet:"))
    return openParquetDestination(url.slice("parquet:".length), nowMs);
  const client = url.startsWith("sqlite:")
    ? openSqliteClient(url.slice("sqlite:".length))
    : await openPostgresClient(url);
  return createSqlDestination(client, nowMs);
}
