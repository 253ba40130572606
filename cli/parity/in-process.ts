import type { Bundle } from "#kit/model/bundle.ts";
import { createColumnScorer } from "#kit/model/column-scorer.ts";
import { toColumns } from "#kit/model/columns.ts";
import { createPredictor } from "#kit/model/predictor.ts";
import type { Answers } from "./answers.ts";
import type { ParityRow } from "./rows.ts";

/** The kit's predictor, row by row as services use it: the way that the others are compared with. */
export async function scoreByRow(bundle: Bundle, rows: readonly ParityRow[]): Promise<Answers> {
  const predictor = await createPredictor(bundle);
  try {
    const scores = await predictor.predictAll(rows.map(({ row }) => row));
    const names = bundle.card.outputs.map(({ name }) => name);
    return {
      mode: "kit, by row",
      setting: "batches of up to 64",
      outputs: Object.fromEntries(
        names.map((name, i) => [name, Float32Array.from(scores, ({ values }) => values[i] ?? 0)]),
      ),
      hashes: scores.map(({ featureHash }) => Buffer.from(featureHash).toString("hex")),
    };
  } finally {
    await predictor.close();
  }
}

/** The kit's column scorer, as evaluation and batch jobs use it. */
export async function scoreByColumn(
  bundle: Bundle,
  rows: readonly ParityRow[],
  batch: number,
): Promise<Answers> {
  const { inputs, outputs } = bundle.card;
  const scorer = await createColumnScorer(bundle);
  try {
    const found = outputs.map(() => new Float32Array(rows.length));
    for (let start = 0; start < rows.length; start += batch) {
      const part = rows.slice(start, start + batch);
      const flat = Float64Array.from(part.flatMap(({ row }) => row));
      const columns = toColumns(flat, part.length, inputs);
      for (const [i, output] of (await scorer.score(columns, part.length)).entries()) {
        found[i]?.set(output, start);
      }
    }
    return {
      mode: "kit, by column",
      setting: `batches of ${batch}`,
      outputs: Object.fromEntries(outputs.map(({ name }, i) => [name, found[i] as Float32Array])),
    };
  } finally {
    await scorer.close();
  }
}
