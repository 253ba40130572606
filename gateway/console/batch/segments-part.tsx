import { useState } from "preact/hooks";
import type { Slice } from "../../../services/batch/report/slices.ts";
import type { ReportView } from "../../batch/view.ts";
import type { Naming } from "./report-part.tsx";
import { amountsOf, numberText, percentText, plainName } from "./words.ts";

/** Slices that are shown at first. */
const FIRST = 10;

/** Where the errors are largest. */
export function SegmentsPart(props: { readonly report: ReportView; readonly naming: Naming }) {
  const { report, naming } = props;
  const shown = report.segments.filter(({ slices }) => slices.length > 0);
  if (shown.length === 0) return null;
  return (
    <div class="halves even">
      {shown.map(({ by, slices }) => (
        <Segment key={by} by={by} slices={slices} unit={report.spec.unit} naming={naming} />
      ))}
    </div>
  );
}

interface SegmentProps {
  readonly by: string;
  readonly slices: readonly Slice[];
  readonly unit: "min" | "USD" | "share";
  readonly naming: Naming;
}

function Segment({ by, slices, unit, naming }: SegmentProps) {
  const [isWhole, setWhole] = useState(false);
  const { plain, signed } = amountsOf(unit);
  const most = slices[0]?.meanError ?? 1;
  const name = plainName(by);
  return (
    <section class="card" aria-label={`Error by ${name}`}>
      <div class="head">
        <h2>Error by {name}</h2>
        <span class="soft small">worst first; slices with 30 rows or more</span>
      </div>
      <table class="slices">
        <thead>
          <tr>
            <th scope="col">{name}</th>
            <th scope="col" class="number-cell">
              rows
            </th>
            <th scope="col" class="number-cell">
              mean error
            </th>
            <th scope="col" class="number-cell wide">
              bias
            </th>
            <th scope="col" class="number-cell wide">
              interval holds
            </th>
            <td class="wide" />
          </tr>
        </thead>
        <tbody>
          {slices.slice(0, isWhole ? undefined : FIRST).map((slice) => (
            <tr key={slice.name}>
              <th scope="row">{naming(by, slice.name)}</th>
              <td class="number-cell">{numberText(slice.rows)}</td>
              <td class="number-cell">{plain(slice.meanError)}</td>
              <td class="number-cell wide">{signed(slice.bias)}</td>
              <td class="number-cell wide">
                {Number.isFinite(slice.holds) ? percentText(slice.holds) : ""}
              </td>
              <td class="wide bar-cell">
                <Bar share={slice.meanError / most} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {slices.length > FIRST && (
        <button type="button" class="quiet small" onClick={() => setWhole(!isWhole)}>
          {isWhole ? `only the worst ${FIRST}` : `all ${slices.length}`}
        </button>
      )}
    </section>
  );
}

/** A share of the width of where it stands; the number stands beside it. */
export function Bar({ share, kind = "now" }: { readonly share: number; readonly kind?: string }) {
  const width = `${(100 * Math.max(0, Math.min(1, share))).toFixed(1)}%`;
  return (
    <span class="share" aria-hidden="true">
      <span class={kind} style={{ width }} />
    </span>
  );
}
