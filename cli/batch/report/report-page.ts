import { windowText } from "../../../services/batch/job/window.ts";
import type { BatchReport } from "../../../services/batch/report/make-report.ts";
import type { Slice } from "../../../services/batch/report/slices.ts";
import { amountsOf, numberText, percentText } from "../../rollout/report/amounts.ts";
import { type Cell, escapeHtml, htmlTable } from "../../rollout/report/page-text.ts";
import type { ZoneNames } from "../../rollout/report/sentences.ts";
import { barHtml, lineSvg } from "./charts.ts";
import { driftPart } from "./drift-part.ts";
import { labelOf, section, soft } from "./page-parts.ts";
import { batchPageStyle } from "./page-style.ts";

/** Slices of each segment, and runs, on the page. */
const SLICES = 12;
const RUNS = 20;

/** The report as one page that needs nothing else: no script, no font, no picture from anywhere. */
export function batchReportPage(report: BatchReport, zones: ZoneNames): string {
  const title = escapeHtml(`${report.job}: ${windowText(report.run)}`);
  const parts = [
    headPart(report),
    timePart(report),
    segmentsPart(report, zones),
    topPart(report),
    driftPart(report, zones),
    qualityPart(report),
    runsPart(report),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${batchPageStyle}</style>
</head>
<body>
<h1>${title}</h1>
<p class="soft">${escapeHtml(report.description)}</p>
${parts.filter((part) => part !== "").join("\n")}
</body>
</html>
`;
}

function headPart({ run, errors, spec, leftOut }: BatchReport): string {
  const { plain, signed } = amountsOf(spec.unit);
  const numbers: [name: string, value: string][] = [
    ["rows", numberText(run.rows)],
    ["in quarantine", numberText(run.quarantined)],
  ];
  if (errors && errors.rows > 0) {
    numbers.push(["mean error", plain(errors.meanError)], ["bias", signed(errors.bias)]);
    numbers.push(["RMSE", plain(errors.rmse)]);
    if (Number.isFinite(errors.holds)) numbers.push(["interval holds", percentText(errors.holds)]);
  }
  const cells = numbers.map(([name, value]) => `<div><b>${escapeHtml(value)}</b>${name}</div>`);
  return section(undefined, [
    `<p>${escapeHtml(`${run.model}, run ${run.runId}, rows of ${run.table}`)}</p>`,
    soft(
      `model sha256 ${run.modelDigest}; input sha256 ${run.snapshotDigest}; code ${run.codeVersion.slice(0, 16)}`,
    ),
    `<div class="numbers">${cells.join("")}</div>`,
    errors && leftOut > 0 ? soft(leftOutText(leftOut, spec.truthRange, plain)) : "",
  ]);
}

function leftOutText(
  rows: number,
  range: readonly [number, number] | undefined,
  plain: (value: number) => string,
): string {
  const outside = range ? ` or one outside ${plain(range[0])} to ${plain(range[1])}` : "";
  return (
    `Errors are without ${numberText(rows)} rows that have no truth${outside}. ` +
    "They are scored and published like all others."
  );
}

function timePart({ overTime, spec }: BatchReport): string {
  if (overTime.length === 0) return "";
  const { plain } = amountsOf(spec.unit);
  const points = overTime.map(({ name, meanError, rows }) => ({
    name,
    value: meanError,
    text: `${plain(meanError)}, ${numberText(rows)} rows`,
  }));
  const worst = overTime.reduce((a, b) => (b.meanError > a.meanError ? b : a));
  return section("Error over time", [
    lineSvg("Mean error over time", points),
    `<div class="ends"><span>${overTime[0]?.name}</span><span>${overTime.at(-1)?.name}</span></div>`,
    soft(`Mean error, from zero. Worst: ${worst.name}, ${plain(worst.meanError)}.`),
  ]);
}

function segmentsPart(report: BatchReport, zones: ZoneNames): string {
  const { plain, signed } = amountsOf(report.spec.unit);
  const table = (by: string, slices: readonly Slice[]) => {
    if (slices.length === 0) return "";
    const most = slices[0]?.meanError ?? 1;
    const rows = slices
      .slice(0, SLICES)
      .map(({ name, rows: n, meanError, bias, holds }): Cell[] => [
        labelOf(by, name, zones),
        numberText(n),
        plain(meanError),
        signed(bias),
        Number.isFinite(holds) ? percentText(holds) : "",
        { html: barHtml(meanError / most) },
      ]);
    const more = slices.length > SLICES ? `, the worst ${SLICES} of ${slices.length}` : "";
    return (
      `<h3>By ${escapeHtml(by.replaceAll("_", " "))}${more}</h3>` +
      htmlTable([by, "rows", "mean error", "bias", "interval holds", ""], rows)
    );
  };
  const tables = report.segments.map(({ by, slices }) => table(by, slices));
  if (tables.every((text) => text === "")) return "";
  return section("Error by segment", [
    soft("Slices with 30 rows or more. A bias above 0 says too much."),
    ...tables,
  ]);
}

function topPart({ top, spec }: BatchReport): string {
  const [first] = top;
  if (!first || spec.top === undefined) return "";
  const hasReasons = "reason_1" in first;
  const rows = top.map((row): Cell[] => [
    cellText(row["row_key"]),
    ...(hasReasons ? [reasonsText(row)] : []),
    cellText(row[spec.value]),
    cellText(row[spec.top ?? ""]),
  ]);
  const headings = ["row", ...(hasReasons ? ["reasons"] : []), spec.value, spec.top];
  return section(`Highest by ${spec.top.replaceAll("_", " ")}`, [
    hasReasons
      ? soft(
          "A reason's effect is by how much the model would lower the probability if it were not so. " +
            "It is what the model says, not what would happen.",
        )
      : "",
    htmlTable(
      headings.map((name) => name.replaceAll("_", " ")),
      rows,
      hasReasons ? 2 : 1,
    ),
  ]);
}

/** `MONTH_TO_MONTH 0.22, NO_TECH_SUPPORT 0.07` */
function reasonsText(row: Readonly<Record<string, unknown>>): string {
  const reasons = Object.keys(row).filter((name) => /^reason_\d+$/.test(name));
  return reasons
    .filter((name) => row[name] !== null)
    .map((name) => `${row[name]} ${Number(row[`${name}_effect`]).toFixed(2)}`)
    .join(", ");
}

function qualityPart({ run, quality }: BatchReport): string {
  const { missing, reasons } = quality;
  const rejected = reasons.map(({ reason, rows }): Cell[] => [reason, numberText(rows)]);
  const gaps = missing.map(({ column, share }): Cell[] => [
    column,
    percentText(share),
    { html: barHtml(share) },
  ]);
  return section("Data quality", [
    `<p>${escapeHtml(
      `${numberText(run.sourceRows)} rows read: ${numberText(run.rows)} scored, ` +
        `${numberText(run.quarantined)} in quarantine, ${numberText(run.outside)} of other windows.`,
    )}</p>`,
    rejected.length > 0 ? htmlTable(["reason for quarantine", "rows"], rejected) : "",
    gaps.length > 0 ? htmlTable(["column", "without a value", ""], gaps) : "",
  ]);
}

function runsPart({ history }: BatchReport): string {
  const most = Math.max(...history.map(({ rows }) => rows), 1);
  const rows = history
    .slice(0, RUNS)
    .map((run): Cell[] => [
      { html: `<code>${escapeHtml(run.runId)}</code>` },
      windowText(run),
      { html: `<span class="${run.state}">${run.state}</span>` },
      numberText(run.rows),
      numberText(run.quarantined),
      run.finishedMs === undefined
        ? ""
        : `${((run.finishedMs - run.startedMs) / 1000).toFixed(1)} s`,
      new Date(run.startedMs).toISOString().slice(0, 16).replace("T", " "),
      { html: barHtml(run.rows / most) },
    ]);
  return section("Runs", [
    htmlTable(
      ["run", "window", "state", "rows", "quarantined", "took", "started (UTC)", ""],
      rows,
      3,
    ),
    ...history
      .slice(0, RUNS)
      .filter(({ reason }) => reason !== "")
      .map(({ runId, reason }) => soft(`${runId}: ${reason}`)),
  ]);
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "number" ? value.toFixed(3) : String(value);
}
