import type { ReportView } from "../../batch/view.ts";
import { Bar } from "./segments-part.tsx";
import { numberText, percentText, plainName } from "./words.ts";

/** What became of the rows that were read: scored, quarantined and why, without a value. */
export function QualityPart(props: { readonly report: ReportView; readonly limit: number }) {
  const { run, quality } = props.report;
  const mostRejects = Math.max(...quality.reasons.map(({ rows }) => rows), 1);
  const judged = run.rows + run.quarantined;
  const share = judged === 0 ? 0 : run.quarantined / judged;
  return (
    <section class="card quality" aria-label="Data quality">
      <div class="head">
        <h2>Data quality</h2>
        <span class="soft small">{numberText(run.sourceRows)} rows read</span>
      </div>
      <p class="small">
        {numberText(run.rows)} scored, {numberText(run.quarantined)} in quarantine (
        {percentText(share)}, {percentText(props.limit)} are allowed), {numberText(run.outside)} of
        other windows.
      </p>
      <h3>Reasons for quarantine</h3>
      {quality.reasons.length === 0 ? (
        <p class="soft small">No row was put aside.</p>
      ) : (
        <ul class="bins">
          {quality.reasons.map(({ reason, rows }) => (
            <li key={reason}>
              <span>{reason}</span>
              <Bar share={rows / mostRejects} kind="bad-bar" />
              <span class="number-cell">{numberText(rows)}</span>
            </li>
          ))}
        </ul>
      )}
      <h3>Without a value</h3>
      {quality.missing.length === 0 ? (
        <p class="soft small">Every input has a value in every row.</p>
      ) : (
        <ul class="bins">
          {quality.missing.map(({ column, share: missing }) => (
            <li key={column}>
              <span>{plainName(column)}</span>
              <Bar share={missing} />
              <span class="number-cell">{percentText(missing)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
