import { useMemo } from "preact/hooks";
import type { JobView, ReportView, RunView } from "../../batch/view.ts";
import { links } from "../use-route.ts";
import { useZones } from "../use-zones.ts";
import { DriftPart } from "./drift-part.tsx";
import { ErrorOverTime } from "./error-over-time.tsx";
import { HeatMap } from "./heat-map.tsx";
import { QualityPart } from "./quality-part.tsx";
import { SegmentsPart } from "./segments-part.tsx";
import { TopPart } from "./top-part.tsx";
import { useReport } from "./use-batch.ts";
import { amountsOf, numberText, percentText } from "./words.ts";

/** Names a slice or a bin for people: of a zone's column by the zone's name. */
export type Naming = (column: string, name: string) => string;

export interface ReportPartProps {
  readonly job: JobView;
  readonly runId: string;
  /** Runs to choose from, latest window first. */
  readonly published: readonly RunView[];
}

/** What the results of one run say. */
export function ReportPart({ job, runId, published }: ReportPartProps) {
  const { value: report, problem, again } = useReport(job.name, runId);
  const naming = useNaming();
  return (
    <>
      <div class="bar">
        <h2>Results</h2>
        <label>
          of{" "}
          <select
            aria-label="Window of the results"
            value={runId}
            onChange={({ currentTarget }) => {
              location.hash = links.batchJob(job.name, currentTarget.value);
            }}
          >
            {published.every((run) => run.runId !== runId) && (
              <option value={runId}>{runId}</option>
            )}
            {published.map((run) => (
              <option key={run.runId} value={run.runId}>
                {run.window}
              </option>
            ))}
          </select>
        </label>
      </div>
      {problem !== undefined && (
        <div class="problem" role="alert">
          <p>There is no report: {problem}</p>
          <p>
            <button type="button" onClick={again}>
              Try again
            </button>
          </p>
        </div>
      )}
      {!report && problem === undefined && (
        <p class="card empty soft" role="status">
          Reading the run's rows …
        </p>
      )}
      {report && <Report job={job} report={report} naming={naming} />}
    </>
  );
}

function Report(props: { job: JobView; report: ReportView; naming: Naming }) {
  const { job, report, naming } = props;
  return (
    <>
      <Numbers report={report} />
      <div class="halves">
        {report.overTime.length > 0 && <ErrorOverTime report={report} />}
        <QualityPart report={report} limit={job.quarantineLimit} />
      </div>
      {report.top.length > 0 && <TopPart report={report} />}
      {report.heat && report.heat.lines.length > 0 && (
        <HeatMap heat={report.heat} unit={report.spec.unit} naming={naming} />
      )}
      <SegmentsPart report={report} naming={naming} />
      {report.drift.length > 0 && <DriftPart report={report} naming={naming} />}
    </>
  );
}

function Numbers({ report: { run, errors, spec, leftOut } }: { readonly report: ReportView }) {
  const { plain, signed } = amountsOf(spec.unit);
  const hasErrors = errors !== undefined && errors.rows > 0;
  const numbers: [name: string, value: string][] = [
    ["rows scored", numberText(run.rows)],
    ["in quarantine", numberText(run.quarantined)],
  ];
  if (hasErrors) {
    numbers.push(["mean error", plain(errors.meanError)], ["bias", signed(errors.bias)]);
    numbers.push(["RMSE", plain(errors.rmse)]);
    if (Number.isFinite(errors.holds)) numbers.push(["interval holds", percentText(errors.holds)]);
  }
  return (
    <section class="card" aria-label="Numbers">
      <dl class="batch-numbers">
        {numbers.map(([name, value]) => (
          <div key={name}>
            <dd>{value}</dd>
            <dt class="soft small">{name}</dt>
          </div>
        ))}
      </dl>
      {hasErrors && leftOut > 0 && (
        <p class="soft small">
          Errors are without {numberText(leftOut)} rows that have no truth
          {spec.truthRange &&
            ` or one outside ${plain(spec.truthRange[0])} to ${plain(spec.truthRange[1])}`}
          . They are scored and published like all others.
        </p>
      )}
      <p class="soft small digests">
        {run.model} sha256 <code title={run.modelDigest}>{run.modelDigest.slice(0, 16)}</code>,
        input sha256 <code title={run.snapshotDigest}>{run.snapshotDigest.slice(0, 16)}</code>, run{" "}
        <code>{run.runId}</code>
      </p>
    </section>
  );
}

function useNaming(): Naming {
  const zones = useZones();
  return useMemo(() => {
    const byId = new Map(zones.map(({ id, zone }) => [String(id), zone]));
    return (column, name) => (column.endsWith("_zone") ? (byId.get(name) ?? `zone ${name}`) : name);
  }, [zones]);
}
