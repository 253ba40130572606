import { windowText } from "../../../services/batch/job/window.ts";
import type { BatchReport } from "../../../services/batch/report/make-report.ts";
import type { Style } from "../../output/style.ts";
import { renderPairs, renderTable } from "../../output/table.ts";
import { amountsOf, numberText, percentText } from "../../rollout/report/amounts.ts";

/** Slices of each segment that are printed. */
const SLICES = 5;

/** The report in a few lines of text; the page has all of it. */
export function batchReportLines(report: BatchReport, style: Style): string[] {
  const { run, errors, spec, drift, segments } = report;
  const { plain, signed } = amountsOf(spec.unit);
  const judged = errors && errors.rows > 0 ? errors : undefined;
  const lines = renderPairs([
    ["job", report.job],
    ["window", windowText(run)],
    ["run", `${run.runId}, ${run.model}`],
    ["rows", `${numberText(run.rows)}, ${numberText(run.quarantined)} quarantined`],
    ["mean error", judged && plain(judged.meanError)],
    ["bias", judged && signed(judged.bias)],
    ["RMSE", judged && plain(judged.rmse)],
    [
      "interval holds",
      judged && Number.isFinite(judged.holds) ? percentText(judged.holds) : undefined,
    ],
  ]);
  for (const { by, slices } of segments) {
    if (slices.length === 0) continue;
    lines.push("", `worst by ${by.replaceAll("_", " ")}`);
    const columns = ["", "rows", "mean error", "bias"].map((heading, i) => ({
      heading,
      align: i === 0 ? ("left" as const) : ("right" as const),
    }));
    const rows = slices
      .slice(0, SLICES)
      .map((s) => [`  ${s.name}`, numberText(s.rows), plain(s.meanError), signed(s.bias)]);
    lines.push(...renderTable(columns, rows));
  }
  if (drift.length > 0 && report.before) {
    lines.push("", `drift against ${windowText(report.before)}`);
    const columns = ["", "index", "chance up to", ""].map((heading, i) => ({
      heading,
      align: i === 0 || i === 3 ? ("left" as const) : ("right" as const),
    }));
    const rows = drift.map(({ column, psi, chance, verdict }) => [
      `  ${column}`,
      psi.toFixed(4),
      chance.toFixed(4),
      verdict === "drifted" ? style.bad(verdict) : verdict,
    ]);
    lines.push(...renderTable(columns, rows));
  }
  return lines;
}
