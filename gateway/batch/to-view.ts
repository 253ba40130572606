import type { RunSummary, ShardMark } from "../../services/batch/destination/destination.ts";
import type { Job } from "../../services/batch/job/spec.ts";
import { windowText } from "../../services/batch/job/window.ts";
import type { BatchReport } from "../../services/batch/report/make-report.ts";
import { nextTick } from "../../services/batch/schedule/due.ts";
import type { JobView, ReportView, RunView } from "./view.ts";

/** Fails with INVALID_ARGUMENT for a schedule that is none. */
export function jobView(job: Job, nowMs: number): JobView {
  const { name, description, model, window, schedule, destination, report, quarantine } = job;
  return {
    name,
    description,
    model,
    window,
    cron: schedule?.cron ?? null,
    nextMs: schedule ? nextTick(job, nowMs) : null,
    table: destination.table,
    quarantineLimit: quarantine.maxShare,
    hasReport: report !== undefined,
  };
}

/** A run; one that is running counts the shards that are written. */
export function runView(run: RunSummary, marks: readonly ShardMark[] = []): RunView {
  const { runId, job, fromMs, toMs, state, reason, model, modelDigest, snapshotDigest } = run;
  const soFar = (of: "rows" | "quarantined" | "outside") =>
    marks.reduce((sum, mark) => sum + mark[of], run[of]);
  return {
    ...{ runId, job, fromMs, toMs, window: windowText(run), state, reason },
    ...{ model, modelDigest, snapshotDigest, table: run.table, sourceRows: run.sourceRows },
    rows: soFar("rows"),
    quarantined: soFar("quarantined"),
    outside: soFar("outside"),
    startedMs: run.startedMs,
    finishedMs: run.finishedMs ?? null,
  };
}

/** The report without the history, which has a path of its own. */
export function reportView({ history: _, ...report }: BatchReport): ReportView {
  const { run, before } = report;
  return { ...report, run: runView(run), before: before ? runView(before) : null };
}
