import type { Drift } from "../../../services/batch/report/drift.ts";
import type { ReportView } from "../../batch/view.ts";
import type { Naming } from "./report-part.tsx";
import { Bar } from "./segments-part.tsx";
import { driftSigns, numberText, percentText, plainName } from "./words.ts";

/** Bins of a column that are shown; an index is over all of them. */
const BINS = 12;

/** Distributions of inputs and predictions against the window before; without one, as they are. */
export function DriftPart(props: { readonly report: ReportView; readonly naming: Naming }) {
  const { before, drift } = props.report;
  return (
    <section class="card" aria-label="Drift">
      <div class="head">
        <h2>{before ? "Drift" : "Distributions"}</h2>
        {before && (
          <span class="small">
            <span class="key before" /> {before.window} <span class="key now" /> now
          </span>
        )}
      </div>
      <p class="soft small">
        {before
          ? `Against ${before.window}, ${numberText(before.rows)} rows. The stability index counts as drift above 0.25, as moved above 0.1, and only above chance: what 999 of 1000 pairs of samples of these sizes stay below.`
          : "There is no earlier published window to compare with."}
      </p>
      <div class="drifts">
        {drift.map((one) => (
          <Column key={one.column} drift={one} isCompared={before !== null} naming={props.naming} />
        ))}
      </div>
    </section>
  );
}

function Column(props: { drift: Drift; isCompared: boolean; naming: Naming }) {
  const { drift, isCompared, naming } = props;
  const { column, bins, psi, chance, verdict } = drift;
  const sum = (side: "before" | "now") => bins.reduce((total, bin) => total + bin[side], 0) || 1;
  const all = { before: sum("before"), now: sum("now") };
  const shown = bins.slice(0, BINS);
  const most = Math.max(...shown.flatMap((bin) => [bin.before / all.before, bin.now / all.now]));
  const name = plainName(column);
  return (
    <section aria-label={`Distribution of ${name}`}>
      <h3>
        {name}
        {isCompared && (
          <span class={verdict.replace(" ", "-")}>
            {" "}
            {driftSigns[verdict]} {verdict}
          </span>
        )}
      </h3>
      {isCompared && (
        <p class="soft small">
          index {psi.toFixed(4)}, chance up to {chance.toFixed(4)}
        </p>
      )}
      <ul class="bins">
        {shown.map((bin) => (
          <li key={bin.label}>
            <span title={naming(column, bin.label)}>{labelOf(column, bin.label, naming)}</span>
            <span>
              {isCompared && <Bar share={bin.before / all.before / most} kind="before" />}
              <Bar share={bin.now / all.now / most} />
            </span>
            <span class="number-cell" title={`before ${percentText(bin.before / all.before)}`}>
              {percentText(bin.now / all.now)}
            </span>
          </li>
        ))}
      </ul>
      {bins.length > BINS && <p class="soft small">and {bins.length - BINS} smaller ones</p>}
    </section>
  );
}

/** `4 to 6` as it is; a zone by its name, the rest of the categories as `other`. */
function labelOf(column: string, label: string, naming: Naming): string {
  return /^\d+$/.test(label) ? naming(column, label) : label;
}
