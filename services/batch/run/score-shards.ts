import { failpoint } from "#kit/lifecycle/failpoint.ts";
import type { ColumnScorer } from "#kit/model/column-scorer.ts";
import { deriveOffers } from "../derive/offers.ts";
import type { Destination, ShardMark } from "../destination/destination.ts";
import type { Job } from "../job/spec.ts";
import type { PreparedRows, RowPreparer } from "../rows/prepare.ts";
import { openParquet, type ParquetFile } from "../source/parquet-file.ts";
import type { Plan, Shard } from "./plan.ts";
import { toShardResult } from "./shard-result.ts";

export interface ScoreParts {
  readonly job: Job;
  readonly plan: Plan;
  readonly preparer: RowPreparer;
  /** One worker each. */
  readonly scorers: readonly ColumnScorer[];
  readonly destination: Destination;
  /** Called after each shard; throws to stop. */
  readonly onShard: (mark: ShardMark) => void;
  readonly signal: AbortSignal;
}

/** Shards that a worker has at a time: one it scores, one that waits so that it never does. */
const SHARDS_A_WORKER = 2;

/**
 * Scores shards and writes them. This thread reads and writes, in turn; each scorer is a thread of its own.
 * What is in memory is a row group and two shards a worker, however long the input is.
 */
export async function scoreShards(shards: readonly Shard[], parts: ScoreParts): Promise<void> {
  const next = createReader(shards, parts);
  const write = createTurns();
  let isOver = false;
  const lane = async (scorer: ColumnScorer) => {
    try {
      for (;;) {
        parts.signal.throwIfAborted();
        const item = isOver ? undefined : await next();
        if (item === undefined) return;
        const result = await score(scorer, item.shard, item.rows, parts);
        failpoint("batch.scored");
        await write(() => parts.destination.writeShard(parts.plan.run.runId, result));
        failpoint("batch.written");
        parts.onShard(result.mark);
      }
    } catch (cause) {
      isOver = true; // the other lanes end after what they have in hand
      throw cause;
    }
  };
  const lanes = parts.scorers.flatMap((scorer) =>
    Array.from({ length: SHARDS_A_WORKER }, () => lane(scorer)),
  );
  const ended = await Promise.allSettled(lanes);
  for (const end of ended) if (end.status === "rejected") throw end.reason;
}

async function score(
  scorer: ColumnScorer,
  shard: Shard,
  rows: PreparedRows,
  { job, plan }: ScoreParts,
) {
  const outputs = await scorer.score(rows.inputs, rows.count);
  const [first] = outputs;
  const derived =
    job.offers && first
      ? await deriveOffers(job.offers, scorer.card, rows, first, scorer.score)
      : [];
  const file = plan.snapshot.files[shard.file]?.name ?? "";
  return toShardResult(shard.index, file, scorer.card, rows, outputs, derived);
}

/** Gives the next shard's rows, one shard at a time, in order: a row group is read once. */
function createReader(shards: readonly Shard[], { plan, preparer }: ScoreParts) {
  const turns = createTurns();
  const waiting = [...shards];
  let open: ParquetFile | undefined;
  return () =>
    turns(async (): Promise<{ shard: Shard; rows: PreparedRows } | undefined> => {
      const shard = waiting.shift();
      const file = shard && plan.snapshot.files[shard.file];
      if (!shard || !file) return undefined;
      if (open?.file.path !== file.path) open = await openParquet(file);
      const read = await open.read(shard.start, shard.end, preparer.sourceColumns);
      const repeated = new Set(plan.duplicates[shard.file]);
      return { shard, rows: preparer.prepare(read, plan.window, (row) => repeated.has(row)) };
    });
}

/** Lets one piece of work in at a time, in the order of the calls. */
function createTurns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined); // whoever asked is told
    return turn;
  };
}
