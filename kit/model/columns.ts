import type { Tensor } from "./bundle.ts";

/** One column a tensor, from rows that lie one after the other in card order. */
export function toColumns(
  rows: Float64Array,
  count: number,
  inputs: readonly Tensor[],
): (Float32Array | BigInt64Array)[] {
  const width = inputs.length;
  return inputs.map((input, i) => {
    if (input.dtype === "int64") {
      const column = new BigInt64Array(count);
      for (let r = 0; r < count; r++) column[r] = BigInt(rows[r * width + i] as number);
      return column;
    }
    const column = new Float32Array(count);
    for (let r = 0; r < count; r++) column[r] = rows[r * width + i] as number;
    return column;
  });
}
