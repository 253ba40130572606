import type { ColumnScorer } from "#kit/model/column-scorer.ts";
import type { Column } from "#kit/model/columns.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { InputColumns } from "./columns.ts";
import type { Predicted } from "./measures.ts";

const ROWS_A_RUN = 1024;

/** All outputs of all rides, in card order. Fails at the first answer that is not a number, naming the ride. */
export async function scoreRides(
  scorer: ColumnScorer,
  inputs: InputColumns,
  count: number,
): Promise<Float32Array[]> {
  const columns = scorer.card.inputs.map(({ name }) => {
    const column = inputs[name];
    if (column) return column;
    throw new MeshError("INVALID_ARGUMENT", `trip records hold nothing for the input ${name}`);
  });
  const outputs = scorer.card.outputs.map(() => new Float32Array(count));
  for (let start = 0; start < count; start += ROWS_A_RUN) {
    const end = Math.min(start + ROWS_A_RUN, count);
    const part = columns.map((column): Column => column.slice(start, end));
    for (const [i, output] of (await scorer.score(part, end - start)).entries()) {
      const wrong = output.findIndex(Number.isNaN);
      if (wrong >= 0) {
        const name = scorer.card.outputs[i]?.name;
        throw new MeshError("INTERNAL", `${name} is not a number for ride ${start + wrong}`);
      }
      outputs[i]?.set(output, start);
    }
  }
  return outputs;
}

/** The first three outputs, which are value, lower and upper bound in every service. */
export function toPredicted(outputs: readonly Float32Array[]): Predicted {
  const [value, lower, upper] = outputs;
  if (value && lower && upper) return { value, lower, upper };
  throw new MeshError("FAILED_PRECONDITION", "the model answers no value with two bounds");
}
