import type { JobsView, JobView, RunsView } from "../../batch/view.ts";
import { JobSwitcher } from "./job-switcher.tsx";
import { ReportPart } from "./report-part.tsx";
import { RunHistory } from "./run-history.tsx";
import { RunUnderWay } from "./run-under-way.tsx";
import { type Asked, useBatch } from "./use-batch.ts";
import { nextText } from "./words.ts";

export interface BatchPageProps {
  /** What the address names. */
  readonly job: string | undefined;
  readonly runId: string | undefined;
}

/** Batch jobs: what runs, what came of it and how good it is; the page of `mesh batch report`, live. */
export function BatchPage(props: BatchPageProps) {
  const { jobs, runs } = useBatch();
  if (!jobs.value || !runs.value) {
    const problem = jobs.problem ?? runs.problem;
    if (problem === undefined) return <p class="card empty soft">Reading batch jobs …</p>;
    return <Problem text={`Batches cannot be shown: ${problem} Asked again in a moment.`} />;
  }
  return <Known {...props} jobs={jobs} runs={runs} />;
}

function Known(props: BatchPageProps & { jobs: Asked<JobsView>; runs: Asked<RunsView> }) {
  const { jobs: all = [], problems: files = [] } = props.jobs.value ?? {};
  const { runs = [], problems: places = [] } = props.runs.value ?? {};
  const name = props.job ?? runs[0]?.job ?? all[0]?.name;
  const job = all.find((one) => one.name === name);
  const late = props.jobs.problem ?? props.runs.problem;
  return (
    <>
      {late !== undefined && <Problem text={`What is shown may be old: ${late}`} />}
      <JobSwitcher jobs={all} runs={runs} selected={job?.name} />
      {files.map(({ file, why }) => (
        <Problem key={file} text={`${file} is no job: ${why}`} />
      ))}
      {job ? (
        <Job
          key={job.name}
          job={job}
          runs={runs.filter((run) => run.job === job.name)}
          runId={props.runId}
          problem={places.find((one) => one.job === job.name)?.why}
        />
      ) : (
        <p class="card empty soft">
          {name === undefined
            ? "No job is configured: a job is a file in the folder that MESH_BATCH_JOBS names."
            : `There is no job ${name}. Choose one above.`}
        </p>
      )}
    </>
  );
}

function Job(props: {
  readonly job: JobView;
  readonly runs: RunsView["runs"];
  readonly runId: string | undefined;
  readonly problem: string | undefined;
}) {
  const { job, runs, runId, problem } = props;
  const published = runs
    .filter(({ state }) => state === "published")
    .toSorted((a, b) => b.fromMs - a.fromMs);
  const shown = runId ?? published[0]?.runId;
  return (
    <>
      <section class="card job" aria-label="Job">
        <div class="head">
          <h2>{job.name}</h2>
          <span class="soft small">{nextText(job)}</span>
        </div>
        <p>{job.description}</p>
        <p class="soft small">
          {job.model}, one run a {job.window}, rows into <code>{job.table}</code>
        </p>
      </section>
      {problem !== undefined && <Problem text={`The results cannot be read: ${problem}`} />}
      {runs
        .filter(({ state }) => state === "running")
        .map((run) => (
          <RunUnderWay key={run.runId} run={run} />
        ))}
      {shown !== undefined && job.hasReport && (
        <ReportPart key={shown} job={job} runId={shown} published={published} />
      )}
      {shown !== undefined && !job.hasReport && (
        <p class="card empty soft">
          The job's file has no part “report”: there is nothing to show.
        </p>
      )}
      {runs.length > 0 ? (
        <RunHistory runs={runs} selected={shown} />
      ) : (
        problem === undefined && <NoRun job={job} />
      )}
    </>
  );
}

function NoRun({ job: { name, window } }: { readonly job: JobView }) {
  const from = { month: "2021-01", day: "2021-02-01", hour: "2021-02-01T05:00" }[window];
  return (
    <section class="card empty" aria-label="No run">
      <p>
        No run yet: <code class="command">{`./mesh batch run ${name} --from ${from}`}</code>
      </p>
      <p class="soft small">
        It is seen here as soon as it begins. <code>./mesh batch schedule</code> runs jobs at their
        times.
      </p>
    </section>
  );
}

function Problem({ text }: { readonly text: string }) {
  return (
    <p class="problem" role="alert">
      {text}
    </p>
  );
}
