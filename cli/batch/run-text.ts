import type { RunSummary } from "../../services/batch/destination/destination.ts";
import type { Job } from "../../services/batch/job/spec.ts";
import { windowText } from "../../services/batch/job/window.ts";
import type { RunResult } from "../../services/batch/run/run-window.ts";
import type { Style } from "../output/style.ts";
import { type Column, renderPairs, renderTable } from "../output/table.ts";
import { numberText } from "../rollout/report/amounts.ts";

/** What a run came to. */
export function resultLine(job: Job, result: RunResult, style: Style): string {
  const { runId, rows, quarantined, outside, outcome, window } = result;
  const counts = [
    `${numberText(rows)} rows`,
    `${numberText(quarantined)} quarantined`,
    ...(outside > 0 ? [`${numberText(outside)} of other windows`] : []),
  ].join(", ");
  const word = outcome === "published" ? "published" : "unchanged: published before";
  return `${style.good("ok")}  ${job.name}  ${windowText(window)}  run ${runId} ${word}  ${style.dim(counts)}`;
}

const runColumns: readonly Column[] = [
  { heading: "run" },
  { heading: "job" },
  { heading: "window" },
  { heading: "state" },
  { heading: "rows", align: "right" },
  { heading: "quarantined", align: "right" },
  { heading: "took", align: "right" },
  { heading: "model" },
];

/** Runs as a table, newest first. */
export function runsTable(runs: readonly RunSummary[], style: Style): string[] {
  return renderTable(
    runColumns,
    runs.map((run) => [
      run.runId,
      run.job,
      windowText(run),
      stateText(run, style),
      numberText(run.rows),
      numberText(run.quarantined),
      tookText(run),
      run.model,
    ]),
  );
}

/** All that is known of a run. */
export function runLines(run: RunSummary, style: Style): string[] {
  const iso = (ms: number | undefined) =>
    ms === undefined
      ? undefined
      : `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return renderPairs([
    ["run", run.runId],
    ["job", run.job],
    ["window", `${windowText(run)}, the end not included`],
    ["state", stateText(run, style)],
    ["reason", run.reason === "" ? undefined : run.reason],
    ["model", `${run.model}, sha256 ${run.modelDigest}`],
    ["input", `${numberText(run.sourceRows)} rows, sha256 ${run.snapshotDigest}`],
    ["code", run.codeVersion],
    ["shards", numberText(run.shards)],
    ["scored", `${numberText(run.rows)} rows, in ${run.table}`],
    ["quarantined", numberText(run.quarantined)],
    ["of other windows", numberText(run.outside)],
    ["started", iso(run.startedMs)],
    ["ended", iso(run.finishedMs)],
  ]);
}

function stateText({ state }: RunSummary, style: Style): string {
  if (state === "published") return style.good(state);
  return state === "stopped" ? style.bad(state) : style.dim(state);
}

function tookText({ startedMs, finishedMs }: RunSummary): string {
  return finishedMs === undefined ? "" : `${((finishedMs - startedMs) / 1000).toFixed(1)} s`;
}
