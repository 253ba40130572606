import { strategyText } from "#kit/releases/words.ts";
import { type Dimension, dimensions } from "../../../services/rollout/report/slices.ts";
import { toNewYork } from "../../client/new-york.ts";
import { amountsOf, betweenText, numberText, percentText } from "./amounts.ts";
import type { RolloutReport } from "./make-report.ts";
import { histogramSvg, intervalSvg } from "./page-charts.ts";
import { pageStyle } from "./page-style.ts";
import { type Cell, escapeHtml, htmlTable } from "./page-text.ts";
import {
  findingsOf,
  namesOf,
  notesOf,
  sliceName,
  sliceNoteOf,
  sliceVerdict,
  titleOf,
  type ZoneNames,
} from "./sentences.ts";

/** Slices of each dimension on the page. */
const SLICES = 10;

/** The report as one page that needs nothing else: no script, no font, no picture from anywhere. */
export function reportPage(report: RolloutReport, zones: ZoneNames): string {
  const title = escapeHtml(titleOf(report));
  const parts =
    report.better.rides === 0
      ? []
      : [
          distributionPart(report),
          measuresPart(report),
          slicesPart(report, zones),
          worstPart(report, zones),
        ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${pageStyle}</style>
</head>
<body>
<h1>${title}</h1>
<p class="soft">${escapeHtml(subtitleOf(report))}</p>
${[findingsPart(report), ...parts].join("\n")}
</body>
</html>
`;
}

function subtitleOf({ rollout, read }: RolloutReport): string {
  const text = (time: Date | undefined) => time?.toISOString().slice(0, 16).replace("T", " ");
  const [from, to] = [text(rollout.createTime) ?? "?", text(read.upTo) ?? "?"];
  return `${rollout.rolloutId}, ${strategyText(rollout)}, ${from} to ${to} UTC by the server's clock`;
}

function findingsPart(report: RolloutReport): string {
  const { rides, better, equal, worse } = report.better;
  const bar = Object.entries({ better, equal, worse })
    .map(([side, count]) => `<span class="${side}" style="flex:${count}"></span>`)
    .join("");
  return section(undefined, [
    ...findingsOf(report).map((text) => `<p class="finding">${escapeHtml(text)}</p>`),
    rides === 0 ? "" : `<div class="split" aria-hidden="true">${bar}</div>`,
    ...notesOf(report).map(soft),
  ]);
}

function distributionPart(report: RolloutReport): string {
  const amounts = amountsOf(report.unit);
  const rows = report.quantiles.map(({ p, difference }) => [
    `${Math.round(100 * p)} %`,
    amounts.signed(difference),
  ]);
  return section("How the rides differ", [
    histogramSvg(report, amounts),
    htmlTable(["share of the rides", "differ by at most"], rows),
  ]);
}

function measuresPart(report: RolloutReport): string {
  const names = namesOf(report);
  const metrics = report.metrics.map(({ name, unit, mean, difference, confidence }) => {
    const amounts = amountsOf(unit);
    return [
      name === "interval" ? "outside the interval" : name,
      amounts.plain(mean.base),
      amounts.plain(mean.candidate),
      amounts.signed(difference.estimate),
      betweenText(amounts, difference),
      percentText(confidence),
    ];
  });
  const { plain, signed } = amountsOf(report.unit);
  const versions = (["base", "candidate"] as const).map((arm) => {
    const { meanError, bias, coverage, width } = report.versions[arm];
    return [names[arm], plain(meanError), signed(bias), percentText(coverage), plain(width)];
  });
  const { base, candidate } = names;
  return section("Both versions", [
    htmlTable(["mean, capped", base, candidate, "difference", "between", "confidence"], metrics),
    htmlTable(["not capped", "mean error", "bias", "80 % interval holds", "its width"], versions),
    soft("A bias above 0 says too much. The intervals aim at holding 80 % of the truths."),
  ]);
}

function slicesPart(report: RolloutReport, zones: ZoneNames): string {
  const shown = dimensions.flatMap((by) => report.slices.by[by].slice(0, SLICES));
  const ends = shown.flatMap(({ lower, upper }) => [-lower, upper]).filter(Number.isFinite);
  const reach = Math.max(...ends, 1e-9);
  return section("Worst slices", [
    soft(sliceNoteOf(report)),
    ...dimensions.map((dimension) => sliceTable(dimension, { report, zones, reach })),
  ]);
}

interface Setting {
  readonly report: RolloutReport;
  readonly zones: ZoneNames;
  /** Half width of the intervals' charts, in the unit. */
  readonly reach: number;
}

function sliceTable(dimension: Dimension, { report, zones, reach }: Setting): string {
  const amounts = amountsOf(report.unit);
  const slices = report.slices.by[dimension];
  if (slices.length === 0) return "";
  const rows = slices
    .slice(0, SLICES)
    .map((slice): Cell[] => [
      sliceName(dimension, slice.name, zones),
      numberText(slice.rides),
      amounts.signed(slice.estimate),
      betweenText(amounts, slice),
      sliceVerdict(slice),
      { html: intervalSvg(slice, reach) },
    ]);
  const more = slices.length > SLICES ? `, ${SLICES} of ${slices.length}` : "";
  return (
    `<h3>By ${dimension}${more}</h3>` +
    htmlTable([dimension, "rides", "difference", "between", "shown to be", ""], rows)
  );
}

function worstPart(report: RolloutReport, zones: ZoneNames): string {
  const { candidate, base } = namesOf(report);
  const { plain, signed } = amountsOf(report.unit);
  const zone = (number: number) => sliceName("pickup zone", String(number), zones);
  const rows = report.worst.map(
    ({ tripId, requestedAtMs, pickupZone, dropoffZone, answer, truth, harm }): Cell[] => [
      {
        html:
          `<code>${escapeHtml(tripId)}</code><br>` +
          escapeHtml(
            `${toNewYork(new Date(requestedAtMs))}, ${zone(pickupZone)} to ${zone(dropoffZone)}`,
          ),
      },
      String(answer.seq),
      plain(answer.base.value),
      plain(answer.candidate.value),
      plain(truth.value),
      signed(harm),
    ],
  );
  const headings = ["ride", "event", `${base} said`, `${candidate} said`, "truth", "harm"];
  return section("Worst rides", [
    soft(
      "Harm is by how much the candidate was farther from the truth, not capped. Of each ride its worst answer.",
    ),
    htmlTable(headings, rows),
  ]);
}

function section(heading: string | undefined, parts: readonly string[]): string {
  const head = heading === undefined ? "" : `<h2>${escapeHtml(heading)}</h2>\n`;
  return `<section>\n${head}${parts.filter((part) => part !== "").join("\n")}\n</section>`;
}

function soft(text: string): string {
  return `<p class="soft">${escapeHtml(text)}</p>`;
}
