import type { ReportView } from "../../batch/view.ts";
import { cellText, plainName } from "./words.ts";

type Row = ReportView["top"][number];

/** The highest rows, with the reasons where the job gives some. */
export function TopPart({ report: { top, spec } }: { readonly report: ReportView }) {
  const [first] = top;
  const by = spec.top;
  if (!first || by === undefined) return null;
  const hasReasons = "reason_1" in first;
  const [lower, upper] = spec.interval ?? [];
  return (
    <section class="card" aria-label={`Highest by ${plainName(by)}`}>
      <div class="head">
        <h2>
          {hasReasons ? "Customers at risk" : "Highest"}, by {plainName(by)}
        </h2>
        <span class="soft small">the first {top.length}</span>
      </div>
      {hasReasons && (
        <p class="soft small">
          A reason's number is by how many points the model would lower the probability if it were
          not so: what the model says, not what would happen. What an offer is worth rests on the
          assumptions in the job's file.
        </p>
      )}
      <table class="top">
        <thead>
          <tr>
            <td class="number-cell" />
            <th scope="col">row</th>
            <th scope="col" class="number-cell">
              {plainName(by)}
            </th>
            <th scope="col" class="number-cell">
              {plainName(spec.value)}
            </th>
            {lower !== undefined && (
              <th scope="col" class="number-cell wide">
                interval
              </th>
            )}
            {hasReasons && <th scope="col">reasons</th>}
          </tr>
        </thead>
        <tbody>
          {top.map((row, i) => (
            <tr key={String(row["row_key"])}>
              <td class="number-cell soft">{i + 1}</td>
              <th scope="row">{String(row["row_key"])}</th>
              <td class="number-cell">
                <b>{cellText(by, row[by], undefined)}</b>
              </td>
              <td class="number-cell value" data-name={plainName(spec.value)}>
                {cellText(spec.value, row[spec.value], spec.unit)}
              </td>
              {lower !== undefined && (
                <td class="number-cell wide soft">
                  {cellText(lower, row[lower], spec.unit)} to{" "}
                  {cellText(upper ?? "", row[upper ?? ""], spec.unit)}
                </td>
              )}
              {hasReasons && <td class="reasons">{reasonsOf(row)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function reasonsOf(row: Row) {
  const names = Object.keys(row).filter((name) => /^reason_\d+$/.test(name) && row[name] !== null);
  return names.map((name) => (
    <span key={name} class="tag">
      {String(row[name])} <b>−{(100 * Number(row[`${name}_effect`])).toFixed(0)}</b>
    </span>
  ));
}
