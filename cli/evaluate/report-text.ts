import type { Card } from "#kit/model/bundle.ts";
import { type Column, renderTable } from "../output/table.ts";
import { type Row, type Situation, serviceOf } from "./evaluate.ts";
import type { IntervalSummary } from "./interval-over-time.ts";
import type { Rides } from "./rides.ts";
import { priceTarget, type Target, targets } from "./target.ts";

/** What was scored, in a line or two. */
export function headLines(card: Card, fileName: string, rides: Rides): string[] {
  const { outOfRange, strays } = rides.leftOut;
  const seen = card.training.months.includes(rides.month);
  return [
    `${card.service}@${card.version} on ${fileName}: ${count(rides.count)} rides of 1 to 60 minutes ` +
      `(left out: ${count(outOfRange)} of another length, ${count(strays)} of another month)`,
    ...(seen ? [`The model was trained on ${rides.month}: these are not test numbers.`] : []),
  ];
}

/** A table a question, one line a situation and population. */
export function situationLines(card: Card, situations: readonly Situation[]): string[] {
  const target = targets[serviceOf(card)];
  const lines = table(
    ["situation", "rides of"],
    measureColumns(target),
    situations.flatMap((situation) =>
      [...situation.populations, ...situation.rivals].map((row) => [
        describe(situation),
        row.name,
        ...measureCells(row),
      ]),
    ),
  );
  const auc = situations.flatMap((situation) =>
    situation.tipAuc === undefined ? [] : [[describe(situation), situation.tipAuc.toFixed(4)]],
  );
  if (auc.length > 0) lines.push("", ...table(["P(tip > 0)"], ["AUC"], auc));
  const prices = situations.flatMap((situation) =>
    (situation.price ?? []).map((row) => [
      describe(situation),
      row.name,
      ...measureCells(row, false),
    ]),
  );
  if (prices.length > 0) {
    lines.push("", ...table(["price", "rides of"], measureColumns(priceTarget, false), prices));
  }
  return [...lines, ...intervalLines(situations), ...segmentLines(situations, target)];
}

function describe({ isDistanceKnown, shareDone }: Situation): string {
  const distance = isDistanceKnown ? "metered distance" : "no distance";
  return shareDone === 0 ? distance : `${distance}, ${shareDone * 100} % done (simulated)`;
}

function intervalLines(situations: readonly Situation[]): string[] {
  const rows = situations.flatMap((situation) =>
    situation.interval
      ? [
          [describe(situation), "as in the graph", ...intervalCells(situation.interval.asInGraph)],
          [describe(situation), "adaptive", ...intervalCells(situation.interval.adaptive)],
        ]
      : [],
  );
  const headings = ["holds", "width", "worst day", "best day", "days off", "last scale"];
  return ["", ...table(["interval (aim 80 %)", "scale"], headings, rows)];
}

function intervalCells(summary: IntervalSummary): string[] {
  const { coverage, width, worstDay, bestDay, daysOutside, lastScale } = summary;
  return [
    percent(coverage),
    width.toFixed(2),
    percent(worstDay),
    percent(bestDay),
    String(daysOutside),
    lastScale.toFixed(2),
  ];
}

function segmentLines(situations: readonly Situation[], target: Target): string[] {
  return situations.flatMap((situation) =>
    situation.segments
      ? (["hour", "distance"] as const).flatMap((by) => [
          "",
          ...table(
            [`${describe(situation)}, by ${by}`],
            measureColumns(target),
            (situation.segments?.[by] ?? []).map((row) => [row.name, ...measureCells(row)]),
          ),
        ])
      : [],
  );
}

function measureColumns({ unit, tolerance }: Target, withInterval = true): string[] {
  const near = unit === "min" ? `within ${tolerance} min` : `within ${tolerance} USD`;
  const errors = ["rides", `RMSE ${unit}`, "MAE", "MAPE", "bias", near];
  return withInterval ? [...errors, "80 % holds", "width"] : errors;
}

function measureCells({ measures }: Row, withInterval = true): string[] {
  const { rides, rmse, mae, mape, bias, within, coverage, width } = measures;
  const errors = [
    count(rides),
    rmse.toFixed(3),
    mae.toFixed(3),
    percent(mape),
    bias.toFixed(3),
    percent(within),
  ];
  if (!withInterval) return errors;
  // A rival has no interval.
  return width === 0 ? [...errors, "", ""] : [...errors, percent(coverage), width.toFixed(2)];
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

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function count(rides: number): string {
  return rides.toLocaleString("en-US");
}
