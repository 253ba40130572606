import type { Tensor } from "./bundle.ts";

/** One input of many rows: as its card says, whole numbers, numbers (NaN: unknown) or texts. */
export type Column = BigInt64Array | Float32Array | readonly string[];

/** One column a tensor, from numeric rows that lie one after the other in card order. */
export function toColumns(rows: Float64Array, count: number, inputs: readonly Tensor[]): Column[] {
  const width = inputs.length;
  return inputs.map((input, i) => {
    if (input.dtype === "string") throw new TypeError(`${input.name} is text: a row holds numbers`);
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
