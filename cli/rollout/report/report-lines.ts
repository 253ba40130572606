import { dimensions } from "../../../services/rollout/report/slices.ts";
import { toNewYork } from "../../client/new-york.ts";
import { type Column, renderTable } from "../../output/table.ts";
import { amountsOf, betweenText, binText, numberText, percentText } from "./amounts.ts";
import type { RolloutReport } from "./make-report.ts";
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

/** Slices of each dimension that a terminal is given; the page has ten, the JSON all. */
const SLICES = 5;
const BAR_WIDTH = 40;

/** The report for a terminal. */
export function reportLines(report: RolloutReport, zones: ZoneNames): string[] {
  const head = [titleOf(report), "", ...findingsOf(report), ...notesOf(report)];
  if (report.better.rides === 0) return head;
  const parts = [
    metricLines(report),
    versionLines(report),
    quantileLines(report),
    histogramLines(report),
    sliceLines(report, zones),
    worstLines(report),
  ];
  return [...head, ...parts.flatMap((lines) => ["", ...lines])];
}

function metricLines(report: RolloutReport): string[] {
  const { candidate, base } = namesOf(report);
  return table(
    ["mean, errors capped"],
    ["rides", base, candidate, "difference", "between", "confidence"],
    report.metrics.map(({ name, unit, rides, mean, difference, confidence }) => {
      const amounts = amountsOf(unit);
      return [
        name === "interval" ? "outside the interval" : name,
        numberText(rides),
        amounts.plain(mean.base),
        amounts.plain(mean.candidate),
        amounts.signed(difference.estimate),
        betweenText(amounts, difference),
        percentText(confidence),
      ];
    }),
  );
}

function versionLines(report: RolloutReport): string[] {
  const amounts = amountsOf(report.unit);
  const names = namesOf(report);
  return table(
    ["not capped"],
    ["rides", "mean error", "bias", "80 % interval holds", "its width", "no number"],
    (["base", "candidate"] as const).map((arm) => {
      const of = report.versions[arm];
      return [
        names[arm],
        numberText(of.rides),
        amounts.plain(of.meanError),
        amounts.signed(of.bias),
        percentText(of.coverage),
        amounts.plain(of.width),
        numberText(of.noNumber),
      ];
    }),
  );
}

function quantileLines({ unit, quantiles }: RolloutReport): string[] {
  const { signed } = amountsOf(unit);
  return table(
    ["share of the rides"],
    quantiles.map(({ p }) => `${Math.round(100 * p)} %`),
    [["differ by at most", ...quantiles.map(({ difference }) => signed(difference))]],
  );
}

function histogramLines({ unit, histogram }: RolloutReport): string[] {
  const amounts = amountsOf(unit);
  const most = Math.max(...histogram.map(({ rides }) => rides), 1);
  const bar = (rides: number) =>
    "█".repeat(Math.round((BAR_WIDTH * rides) / most)) || (rides > 0 ? "▏" : "");
  return renderTable(
    [
      { heading: "difference", align: "right" },
      { heading: "rides", align: "right" },
      { heading: "" },
    ],
    histogram.map((bin) => [binText(amounts, bin), numberText(bin.rides), bar(bin.rides)]),
  );
}

function sliceLines(report: RolloutReport, zones: ZoneNames): string[] {
  const amounts = amountsOf(report.unit);
  const rows = dimensions.flatMap((dimension) =>
    report.slices.by[dimension]
      .slice(0, SLICES)
      .map((slice, i) => [
        i === 0 ? dimension : "",
        sliceName(dimension, slice.name, zones),
        numberText(slice.rides),
        amounts.signed(slice.estimate),
        betweenText(amounts, slice),
        sliceVerdict(slice),
      ]),
  );
  const headings = ["rides", "difference", "between", "shown to be"];
  return [...table(["worst slices", ""], headings, rows), sliceNoteOf(report)];
}

function worstLines(report: RolloutReport): string[] {
  const { plain, signed } = amountsOf(report.unit);
  const { candidate, base } = namesOf(report);
  const headings = ["event", `${base} said`, `${candidate} said`, "truth", "harm"];
  return table(
    ["worst rides", "New York", "zones"],
    headings,
    report.worst.map(({ tripId, requestedAtMs, pickupZone, dropoffZone, answer, truth, harm }) => [
      tripId,
      toNewYork(new Date(requestedAtMs)),
      `${pickupZone} to ${dropoffZone}`,
      String(answer.seq),
      plain(answer.base.value),
      plain(answer.candidate.value),
      plain(truth.value),
      signed(harm),
    ]),
  );
}

function table(
  left: readonly string[],
  right: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const columns: Column[] = [
    ...left.map((heading) => ({ heading })),
    ...right.map((heading) => ({ heading, align: "right" as const })),
  ];
  return renderTable(columns, rows);
}
