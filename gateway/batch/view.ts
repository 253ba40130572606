import type { RunState } from "../../services/batch/destination/destination.ts";
import type { BatchReport } from "../../services/batch/report/make-report.ts";

/** A job that is configured. Without where its databases are: their URLs may hold passwords. */
export interface JobView {
  readonly name: string;
  readonly description: string;
  /** `duration@v2`. */
  readonly model: string;
  readonly window: "hour" | "day" | "month";
  /** The schedule, UTC, and when it fires next, ms since 1970; null for a job that is only run by hand. */
  readonly cron: string | null;
  readonly nextMs: number | null;
  /** Table of the results. */
  readonly table: string;
  /** Largest share of a window's rows that may be in quarantine. */
  readonly quarantineLimit: number;
  /** Whether it says what its report shows. */
  readonly hasReport: boolean;
}

/** A file of the folder that describes no job, and why. */
export interface JobProblem {
  readonly file: string;
  readonly why: string;
}

export interface JobsView {
  readonly jobs: readonly JobView[];
  readonly problems: readonly JobProblem[];
}

export interface RunView {
  readonly runId: string;
  readonly job: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** `2021-01-01 to 2021-02-01`, the end not included. */
  readonly window: string;
  readonly state: RunState;
  /** Why it was stopped; empty otherwise. */
  readonly reason: string;
  readonly model: string;
  readonly modelDigest: string;
  readonly snapshotDigest: string;
  readonly table: string;
  readonly sourceRows: number;
  /** So far, for one that is running. */
  readonly rows: number;
  readonly quarantined: number;
  readonly outside: number;
  readonly startedMs: number;
  readonly finishedMs: number | null;
}

export interface RunsView {
  /** Of all jobs, newest first, a bounded number of each. */
  readonly runs: readonly RunView[];
  /** Jobs whose results database cannot be read, and why. */
  readonly problems: readonly { readonly job: string; readonly why: string }[];
}

/** The report's numbers. Numbers that are none (`NaN`) are null in JSON. */
export interface ReportView extends Omit<BatchReport, "run" | "before" | "history"> {
  readonly run: RunView;
  readonly before: RunView | null;
}
