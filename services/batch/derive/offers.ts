import type { Card } from "#kit/model/bundle.ts";
import type { Column } from "#kit/model/columns.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { OfferSpec } from "../job/spec.ts";
import type { PreparedRows } from "../rows/prepare.ts";
import type { ColumnShape, TableColumn } from "../rows/table.ts";

/** Scores columns in card order; gives the outputs in card order. */
export type Score = (columns: readonly Column[], count: number) => Promise<Float32Array[]>;

/** Reasons that are kept of each customer. */
const MOST_REASONS = 3;
/** A reason that would move the probability by less than this is none. */
const LEAST_EFFECT = 0.01;

export const offerShapes: readonly ColumnShape[] = [
  { name: "expected_value_usd", kind: "number" },
  { name: "offer", kind: "integer" },
  ...Array.from({ length: MOST_REASONS }, (_, i): ColumnShape[] => [
    { name: `reason_${i + 1}`, kind: "text" },
    { name: `reason_${i + 1}_effect`, kind: "number" },
  ]).flat(),
];

/** Fails with FAILED_PRECONDITION when the job's offers name inputs that the model has not. */
export function checkOffers({ reasons, charge }: OfferSpec, { inputs, service }: Card): void {
  const named = [charge];
  for (const { when, instead } of Object.values(reasons)) {
    named.push(...Object.keys(when), ...Object.keys(instead));
  }
  const unknown = named.filter((name) => !inputs.some((input) => input.name === name));
  if (unknown.length === 0) return;
  throw new MeshError("FAILED_PRECONDITION", `${service} has no input ${unknown.join(", ")}`);
}

/**
 * What an offer to each customer is worth, and why the model thinks that they may leave.
 *
 * Worth: probability × acceptance × charge × months kept × margin, less the offer's cost. Reasons come from
 * the same model: it is asked again with the inputs of `instead`, for those rows of which `when` is true.
 */
export async function deriveOffers(
  spec: OfferSpec,
  card: Card,
  { inputs, count }: PreparedRows,
  probability: Float32Array,
  score: Score,
): Promise<TableColumn[]> {
  const charges = inputs[inputIndex(card, spec.charge)] as Float32Array;
  const gain = spec.acceptance * spec.monthsKept * spec.margin;
  const worth = Float64Array.from(
    probability,
    (p, row) => p * gain * (charges[row] as number) - spec.costUsd,
  );
  const effects = new Map<string, Float64Array>();
  for (const [code, { when, instead }] of Object.entries(spec.reasons)) {
    const rows = rowsWhere(card, inputs, count, when);
    const changed = inputs.map((column, i) =>
      changeColumn(column, rows, instead[card.inputs[i]?.name ?? ""]),
    );
    const [other] = rows.length === 0 ? [] : await score(changed, rows.length);
    const effect = new Float64Array(count);
    rows.forEach((row, i) => {
      effect[row] = (probability[row] as number) - (other?.[i] as number);
    });
    effects.set(code, effect);
  }
  const best = Array.from({ length: count }, (_, row) => strongest(effects, row));
  return [
    { name: "expected_value_usd", kind: "number", values: worth },
    { name: "offer", kind: "integer", values: worth.map((usd) => (usd > 0 ? 1 : 0)) },
    ...Array.from({ length: MOST_REASONS }, (_, i): TableColumn[] => [
      {
        name: `reason_${i + 1}`,
        kind: "text",
        values: best.map((reasons) => reasons[i]?.code ?? null),
      },
      {
        name: `reason_${i + 1}_effect`,
        kind: "number",
        values: Float64Array.from(best, (reasons) => reasons[i]?.effect ?? Number.NaN),
      },
    ]).flat(),
  ];
}

function strongest(effects: ReadonlyMap<string, Float64Array>, row: number) {
  return [...effects]
    .map(([code, effect]) => ({ code, effect: effect[row] as number }))
    .filter(({ effect }) => effect >= LEAST_EFFECT)
    .toSorted((a, b) => b.effect - a.effect || (a.code < b.code ? -1 : 1))
    .slice(0, MOST_REASONS);
}

function rowsWhere(
  card: Card,
  inputs: readonly Column[],
  count: number,
  when: Readonly<Record<string, string | number>>,
): number[] {
  const tests = Object.entries(when).map(([name, value]) => {
    const column = inputs[inputIndex(card, name)];
    return (row: number) => String(column?.[row]) === String(value);
  });
  return Array.from({ length: count }, (_, row) => row).filter((row) =>
    tests.every((test) => test(row)),
  );
}

/** The rows of a column, or one value instead of each. */
function changeColumn(
  column: Column,
  rows: readonly number[],
  value: string | number | undefined,
): Column {
  if (column instanceof BigInt64Array) {
    return BigInt64Array.from(rows, (row) =>
      value === undefined ? (column[row] as bigint) : BigInt(value),
    );
  }
  if (column instanceof Float32Array) {
    return Float32Array.from(rows, (row) => Number(value ?? column[row]));
  }
  return rows.map((row) => String(value ?? column[row]));
}

function inputIndex({ inputs }: Card, name: string): number {
  return inputs.findIndex((input) => input.name === name);
}
