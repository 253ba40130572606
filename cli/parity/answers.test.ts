import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Answers, compare, compareAll } from "./answers.ts";

const answers = (mode: string, values: readonly number[], hashes?: string[]): Answers => ({
  mode,
  setting: "",
  outputs: { minutes: Float32Array.from(values) },
  ...(hashes ? { hashes } : {}),
});

/** The next float32 above. */
function next(value: number): number {
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0] = (bits[0] as number) + (value >= 0 ? 1 : -1);
  return new Float32Array(bits.buffer)[0] as number;
}

describe("a comparison", () => {
  test("of the same bits finds nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.float()), (values) => {
        const { rows, ulps, largest } = compare(answers("a", values), answers("b", values));
        expect([rows, ulps, largest]).toEqual([0, 0, 0]);
      }),
    );
  });

  test("finds one unit in the last place, on either side of zero", () => {
    fc.assert(
      fc.property(fc.float({ min: -1e6, max: 1e6, noNaN: true }), (value) => {
        fc.pre(!Object.is(value, -0));
        const found = compare(answers("a", [1, value]), answers("b", [1, next(value)]));
        expect([found.rows, found.ulps]).toEqual([1, 1]);
      }),
    );
  });

  test("tells zero from minus zero: their bits differ", () => {
    expect(compare(answers("a", [0]), answers("b", [-0]))).toMatchObject({ rows: 1, ulps: 1 });
  });

  test("counts rows that were fed differently, where both tell", () => {
    const a = answers("a", [1, 2], ["x", "y"]);
    expect(compare(a, answers("b", [1, 2], ["x", "z"])).inputs).toBe(1);
    expect(compare(a, answers("b", [1, 2])).inputs).toBeUndefined();
  });

  test("of different numbers of rows is an error", () => {
    expect(() => compare(answers("a", [1]), answers("b", [1, 2]))).toThrow(RangeError);
  });

  test("takes every pair once", () => {
    const all = compareAll(["a", "b", "c"].map((mode) => answers(mode, [1])));
    expect(all.map(({ a, b }) => `${a}${b}`)).toEqual(["a, b, ", "a, c, ", "b, c, "]);
  });
});
