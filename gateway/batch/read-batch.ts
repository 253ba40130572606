import { MeshError } from "#kit/rpc/errors.ts";
import type { Results } from "../../services/batch/destination/destination.ts";
import { openResults } from "../../services/batch/destination/open-results.ts";
import type { JobSurroundings } from "../../services/batch/job/load-job.ts";
import type { Job } from "../../services/batch/job/spec.ts";
import { makeReport } from "../../services/batch/report/make-report.ts";
import { bounded } from "./bounded.ts";
import { findJobs } from "./find-jobs.ts";
import { jobView, reportView, runView } from "./to-view.ts";
import type { JobsView, ReportView, RunsView, RunView } from "./view.ts";

/** Runs of a job that are told. */
const RUNS = 60;
/** Reports that are kept: a published run does not change. */
const KEPT = 6;
export const MOST_ROWS = 2_000_000;

export interface BatchPlaces extends JobSurroundings {
  /** Folder of the job files. */
  readonly jobsDir: string;
  /** Most rows that a report may read. Default two million. */
  readonly mostRows?: number;
}

/** What the console tells of batches, read anew with each call: job files and results databases, no more. */
export interface ReadBatch {
  jobs(): Promise<JobsView>;
  runs(): Promise<RunsView>;
  /** Of a published run, by its id or the beginning of it; by default of the latest window's. */
  report(name: string, runId: string | undefined): Promise<ReportView>;
}

export function createReadBatch({
  jobsDir,
  mostRows = MOST_ROWS,
  ...around
}: BatchPlaces): ReadBatch {
  const kept = new Map<string, ReportView>();
  const find = () => findJobs(jobsDir, around);
  return {
    async jobs() {
      const { jobs, problems } = await find();
      const nowMs = Date.now();
      return { jobs: jobs.map((job) => jobView(job, nowMs)), problems };
    },
    async runs() {
      const { jobs } = await find();
      const runs: RunView[] = [];
      const problems: { job: string; why: string }[] = [];
      for (const job of jobs) {
        try {
          runs.push(...(await withResults(job, (results) => runsOf(job, results))));
        } catch (cause) {
          problems.push({ job: job.name, why: MeshError.from(cause).message });
        }
      }
      return { runs: runs.toSorted((a, b) => b.startedMs - a.startedMs), problems };
    },
    async report(name, runId) {
      const { jobs } = await find();
      const job = jobs.find((one) => one.name === name);
      if (!job) {
        const names = jobs.map((one) => one.name).join(", ");
        throw new MeshError("NOT_FOUND", `there is no job ${name}: there are ${names || "none"}`);
      }
      return withResults(job, async (results) => {
        const published = (await results.runs(job.name)).filter(isPublished);
        // What a report says depends on these alone.
        const key = JSON.stringify([job.report, runId, published.map((run) => run.runId)]);
        const known = kept.get(key);
        if (known) return known;
        const made = reportView(await makeReport(job, bounded(results, mostRows), runId));
        kept.set(key, made);
        const [oldest] = kept.keys();
        if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
        return made;
      });
    },
  };
}

/** Fails with UNAVAILABLE and the database's own words when it cannot be read. */
async function withResults<T>(job: Job, work: (results: Results) => Promise<T>): Promise<T> {
  try {
    const results = await openResults(job.destination.url);
    try {
      return await work(results);
    } finally {
      await results.close();
    }
  } catch (cause) {
    if (cause instanceof MeshError) throw cause;
    throw new MeshError("UNAVAILABLE", cause instanceof Error ? cause.message : String(cause), {
      cause,
    });
  }
}

async function runsOf(job: Job, results: Results): Promise<RunView[]> {
  const views: RunView[] = [];
  for (const run of await results.runs(job.name, RUNS)) {
    const marks = run.state === "running" ? await results.marks(run.runId) : [];
    views.push(runView(run, marks));
  }
  return views;
}

function isPublished({ state }: { readonly state: string }): boolean {
  return state === "published";
}
