import { windowText } from "../../../services/batch/job/window.ts";
import type { Drift } from "../../../services/batch/report/drift.ts";
import type { BatchReport } from "../../../services/batch/report/make-report.ts";
import { numberText } from "../../rollout/report/amounts.ts";
import { escapeHtml } from "../../rollout/report/page-text.ts";
import type { ZoneNames } from "../../rollout/report/sentences.ts";
import { pairedBarsSvg } from "./charts.ts";
import { labelOf, section, soft } from "./page-parts.ts";

/** Distributions against the window before; without one, as they are. */
export function driftPart({ drift, before }: BatchReport, zones: ZoneNames): string {
  if (drift.length === 0) return "";
  const columns = drift.map((column) => driftColumn(column, before !== undefined, zones));
  if (!before) {
    return section("Distributions", [
      soft("There is no earlier published window to compare with."),
      ...columns,
    ]);
  }
  return section("Drift", [
    soft(
      `Against ${windowText(before)}, run ${before.runId}, ${numberText(before.rows)} rows. The index counts as ` +
        "drift above 0.25 (moved: above 0.1), and only where it is more than chance: above what 999 of 1000 " +
        "pairs of samples of these sizes show without any drift.",
    ),
    ...columns,
  ]);
}

function driftColumn(drift: Drift, isCompared: boolean, zones: ZoneNames): string {
  const { column, bins, psi, chance, verdict } = drift;
  const name = column.replaceAll("_", " ");
  const named = bins.map((bin) => ({ ...bin, label: labelOf(column, bin.label, zones) }));
  const word = isCompared ? `: <span class="${verdict.replace(" ", "-")}">${verdict}</span>` : "";
  const ends = [named[0]?.label ?? "", named.at(-1)?.label ?? ""].map(escapeHtml);
  const legend = isCompared ? "grey: before, blue: now" : "";
  return (
    `<h3>${escapeHtml(name)}${word}</h3>` +
    pairedBarsSvg(`Distribution of ${name}`, named) +
    `<div class="ends"><span>${ends[0]}</span><span>${legend}</span><span>${ends[1]}</span></div>` +
    (isCompared ? soft(`index ${psi.toFixed(4)}, chance up to ${chance.toFixed(4)}`) : "")
  );
}
