import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { failpoint } from "#kit/lifecycle/failpoint.ts";
import type { Card } from "#kit/model/bundle.ts";
import type { ColumnScorer } from "#kit/model/column-scorer.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { checkOffers } from "../derive/offers.ts";
import type { Destination, RunTotals, ShardMark } from "../destination/destination.ts";
import { type Exclusive, takeExclusive } from "../destination/exclusive.ts";
import { sum, totalsOf } from "../destination/whole.ts";
import { runIdOf } from "../job/run-id.ts";
import type { Job } from "../job/spec.ts";
import { type Window, windowText } from "../job/window.ts";
import { createRowPreparer, type RowPreparer } from "../rows/prepare.ts";
import { checkUnchanged } from "../source/snapshot.ts";
import {
  forgetPlan,
  forgetWindow,
  makePlan,
  type Plan,
  sweepSpools,
  unfinishedPlan,
} from "./plan.ts";
import { scoreShards } from "./score-shards.ts";

/** How far a run is. */
export interface RunProgress {
  readonly runId: string;
  /** Rows of the source that are dealt with, and all of them. */
  readonly done: number;
  readonly total: number;
  readonly quarantined: number;
  /** Rows of shards that an earlier attempt had written. */
  readonly resumed: number;
}

export interface RunOptions {
  readonly job: Job;
  readonly card: Card;
  readonly codeVersion: string;
  readonly destination: Destination;
  /** Opens the workers; called only when there is something to score. */
  readonly openScorers: () => Promise<readonly ColumnScorer[]>;
  /** Folder for what runs need while they run; `<job>/` in it is this job's. */
  readonly workDir: string;
  /** Go on with the run that was begun and never ended, with the input that it began with. */
  readonly resume: boolean;
  readonly onProgress: (progress: RunProgress) => void;
  readonly signal: AbortSignal;
}

export interface RunResult extends RunTotals {
  readonly runId: string;
  readonly window: Window;
  /** `unchanged`: the same run was published before, nothing was done. */
  readonly outcome: "published" | "unchanged";
}

/**
 * Runs a job over one window, to its publication. Doing it again changes nothing; after a crash at any step
 * doing it again goes on behind the last shard that was written.
 *
 * Fails with ALREADY_EXISTS when the job runs in another process on the same `workDir`, FAILED_PRECONDITION
 * when the input breaks the job's contract; then nothing is published.
 */
export async function runWindow(
  window: Window | undefined,
  options: RunOptions,
): Promise<RunResult | undefined> {
  const { job, card } = options;
  const preparer = createRowPreparer(job, card);
  if (job.offers) checkOffers(job.offers, card);
  const workDir = join(options.workDir, job.name);
  const lock = await lockJob(job.name, workDir);
  try {
    await sweepSpools(workDir);
    const begun = options.resume ? await unfinishedPlan(workDir, window) : undefined;
    const plan = begun ?? (window && (await makePlan({ ...options, window, workDir, preparer })));
    if (plan === undefined) return undefined;
    failpoint("batch.planned");
    const result = await runPlan(plan, preparer, { ...options, resume: begun !== undefined });
    failpoint("batch.published");
    await forgetWindow(workDir, plan.window);
    return result;
  } finally {
    lock.release();
  }
}

async function lockJob(job: string, workDir: string): Promise<Exclusive> {
  await mkdir(workDir, { recursive: true });
  const lock = takeExclusive(join(workDir, "lock.db"), 0);
  if (lock) return lock;
  throw new MeshError("ALREADY_EXISTS", `${job} is running in another process: wait until it ends`);
}

async function runPlan(plan: Plan, preparer: RowPreparer, options: RunOptions): Promise<RunResult> {
  const { job, destination, openScorers, onProgress, signal } = options;
  const { run, window } = plan;
  checkSame(plan, options);
  if ((await destination.start(run, options.resume)) === "published") {
    const totals = totalsOf(await destination.marks(run.runId));
    return { runId: run.runId, window, outcome: "unchanged", ...totals };
  }
  const marks = new Map((await destination.marks(run.runId)).map((mark) => [mark.shard, mark]));
  const resumed = sum([...marks.values()], rowsOf);
  const tell = () => {
    const { runId, sourceRows: total } = run;
    const all = [...marks.values()];
    const quarantined = sum(all, (mark) => mark.quarantined);
    onProgress({ runId, total, resumed, quarantined, done: sum(all, rowsOf) });
  };
  try {
    tell();
    checkQuarantine(job, totalsOf([...marks.values()]), run.sourceRows);
    const todo = plan.shards.filter(({ index }) => !marks.has(index));
    if (todo.length > 0) {
      const scorers = await openScorers();
      const onShard = (mark: ShardMark) => {
        marks.set(mark.shard, mark);
        tell();
        checkQuarantine(job, totalsOf([...marks.values()]), run.sourceRows);
      };
      await scoreShards(todo, { job, plan, preparer, scorers, destination, onShard, signal });
    }
    const totals = totalsOf([...marks.values()]);
    checkQuarantine(job, totals, totals.rows + totals.quarantined);
    checkNulls(job, preparer, [...marks.values()], totals.rows);
    await checkUnchanged(plan.snapshot);
    failpoint("batch.verified");
    await destination.publish(run.runId, totals);
    return { runId: run.runId, window, outcome: "published", ...totals };
  } catch (cause) {
    if (!(cause instanceof ContractBroken)) throw cause;
    await destination.stop(run.runId, totalsOf([...marks.values()]), cause.message);
    await forgetPlan(join(options.workDir, job.name), run.runId);
    throw cause;
  }
}

/** The input is not what the job asks for: the run is given up, not tried again. */
class ContractBroken extends MeshError {
  constructor(job: string, reason: string) {
    super("FAILED_PRECONDITION", `${job} is stopped, nothing is published: ${reason}`);
  }
}

/** A run that is resumed ends as what it began as, or not at all. */
function checkSame({ run, window }: Plan, { job, card, codeVersion }: RunOptions): void {
  const { snapshotDigest } = run;
  const modelDigest = card.digest;
  if (runIdOf({ job, window, snapshotDigest, modelDigest, codeVersion }) === run.runId) return;
  throw new MeshError(
    "FAILED_PRECONDITION",
    `run ${run.runId} of ${windowText(window)} cannot be gone on with: the model, the job or the code was changed; run it without --resume`,
  );
}

/** `rows` is what the share is taken of; while it is an upper bound, what is too much stays too much. */
function checkQuarantine({ name, quarantine }: Job, totals: RunTotals, rows: number): void {
  const { quarantined } = totals;
  if (quarantined <= quarantine.maxShare * rows) return;
  const percent = ((100 * quarantined) / Math.max(rows, 1)).toFixed(2);
  throw new ContractBroken(
    name,
    `${quarantined} of ${rows} rows (${percent} %) are in quarantine, ${100 * quarantine.maxShare} % are allowed`,
  );
}

function checkNulls(
  { name }: Job,
  { readers }: RowPreparer,
  marks: readonly ShardMark[],
  rows: number,
): void {
  for (const reader of readers) {
    const without = sum(marks, ({ nulls }) => nulls[reader.name] ?? 0);
    if (without <= reader.maxNullShare * rows) continue;
    const percent = ((100 * without) / Math.max(rows, 1)).toFixed(2);
    throw new ContractBroken(
      name,
      `${reader.name} is missing in ${without} of ${rows} rows (${percent} %), ${100 * reader.maxNullShare} % are allowed`,
    );
  }
}

function rowsOf({ rows, quarantined, outside }: ShardMark): number {
  return rows + quarantined + outside;
}
