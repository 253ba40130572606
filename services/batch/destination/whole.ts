// What has to hold before a run may be seen: pure, the same for every kind of destination.
import { MeshError } from "#kit/rpc/errors.ts";
import { type Window, windowText } from "../job/window.ts";
import type { RunState, RunSummary, RunTotals, ShardMark } from "./destination.ts";

type Ordered = RunSummary & { readonly startedOrder: number };

/** Fails with DATA_LOSS unless every shard is marked and the marks account for every row. */
export function checkWhole(
  run: Pick<RunSummary, "runId" | "shards" | "sourceRows">,
  marks: readonly ShardMark[],
  storedRows: number,
): void {
  const lost = (what: string): never => {
    throw new MeshError(
      "DATA_LOSS",
      `run ${run.runId} is not whole: ${what}; nothing is published`,
    );
  };
  const shards = new Set(marks.map(({ shard }) => shard));
  if (shards.size !== run.shards) lost(`${shards.size} of ${run.shards} shards are written`);
  const rows = sum(marks, ({ rows }) => rows);
  if (rows !== storedRows) lost(`its shards have ${rows} rows, ${storedRows} are stored`);
  const seen = rows + sum(marks, ({ quarantined, outside }) => quarantined + outside);
  if (seen !== run.sourceRows) lost(`${seen} of ${run.sourceRows} rows of the source are there`);
}

/** Fails with ABORTED when a run of the same window that began later is published already. */
export function refuseNewer(run: Ordered, rivals: readonly Ordered[]): void {
  const newer = rivals.find(
    ({ state, startedOrder }) => state === "published" && startedOrder > run.startedOrder,
  );
  if (newer === undefined) return;
  throw new MeshError(
    "ABORTED",
    `run ${newer.runId}, which began after ${run.runId}, is published for the same window`,
  );
}

/** Fails with ABORTED for a run that is to be gone on with and has ended, because a later one took its place. */
export function refuseEnded(runId: string, state: RunState | undefined, resume: boolean): void {
  if (!resume || state === undefined || state === "running" || state === "published") return;
  throw new MeshError("ABORTED", `run ${runId} is ${state}: run its window without --resume`);
}

/** Fails when the window cuts another that is published: its rows would be there twice. */
export function refuseOverlap(window: Window, published: readonly Window[]): void {
  const cut = published.find(
    ({ fromMs, toMs }) =>
      fromMs < window.toMs &&
      window.fromMs < toMs &&
      (fromMs !== window.fromMs || toMs !== window.toMs),
  );
  if (cut === undefined) return;
  throw new MeshError(
    "FAILED_PRECONDITION",
    `the window ${windowText(window)} cuts ${windowText(cut)}, which is published: its length was changed, use another table`,
  );
}

/** What shards add up to. */
export function totalsOf(marks: readonly ShardMark[]): RunTotals {
  return {
    rows: sum(marks, ({ rows }) => rows),
    quarantined: sum(marks, ({ quarantined }) => quarantined),
    outside: sum(marks, ({ outside }) => outside),
  };
}

export function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
