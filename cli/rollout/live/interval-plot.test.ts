import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { addLook, type IntervalLook, intervalOf, pickLooks } from "./history.ts";
import { plotIntervals, shareText } from "./interval-plot.ts";
import { bar } from "./weight-bars.ts";
import { wrap } from "./wrap.ts";

const look = (n: number, lower: number, upper: number): IntervalLook => ({
  n,
  lower,
  upper,
  estimate: (lower + upper) / 2,
});
const anyLook = fc
  .record({
    n: fc.integer({ min: 1, max: 10_000_000 }),
    lower: fc.double({ min: -5, max: 5, noNaN: true }),
    width: fc.double({ min: 0.001, max: 5, noNaN: true }),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ n, lower, width, at }) => ({
    n,
    lower,
    upper: lower + width,
    estimate: lower + at * width,
  }));
const columns = fc.integer({ min: 30, max: 200 });

describe("intervals", () => {
  test("stand against 0 and the margin as the numbers do", () => {
    expect(plotIntervals({ looks: [look(212, -0.3, 0.1)], margin: 0.02, columns: 60 })).toEqual([
      "                  −40 %      −20 %        0        +20 %",
      "    212 trips            ├───────────●────┼┆────┤",
    ]);
  });

  test("fit, and the newest one is whole, with its ends in order", () => {
    fc.assert(
      fc.property(fc.array(anyLook, { minLength: 1, maxLength: 6 }), columns, (looks, width) => {
        const lines = plotIntervals({ looks, margin: 0.02, columns: width });
        expect(lines.length).toBe(looks.length + 1);
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
        const newest = lines.at(-1) ?? "";
        expect(newest).toMatch(/^[ \d,]+ trips [ │┆║]*[├●┤─┼╫┆]+[ │┆║]*$/);
        expect(newest.split("●").length).toBe(2);
      }),
    );
  });

  test("are wholly right of the line when the candidate is worse, wholly left when it is fine", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.03, max: 3, noNaN: true }), columns, (size, width) => {
        const plot = (lower: number, upper: number) =>
          plotIntervals({ looks: [look(9, lower, upper)], margin: 0.02, columns: width }).at(-1) ??
          "";
        const zero = (row: string) => row.search(/[│║┼╫]/); // hidden when an end is in the same cell
        const worse = plot(size, 2 * size);
        expect(zero(worse)).toBeLessThan(worse.search(/[├●]/));
        const fine = plot(-2 * size, -size);
        const end = Math.max(fine.lastIndexOf("┤"), fine.lastIndexOf("●"));
        expect(zero(fine) < 0 || zero(fine) > end).toBe(true);
      }),
    );
  });

  test("that leave the picture end in arrows", () => {
    const looks = [look(20, -5, 9), look(900, -0.1, 0.1)];
    const [, old = ""] = plotIntervals({ looks, margin: 0.02, columns: 80 });
    expect(old).toMatch(/trips ◀.*▶$/);
  });

  test("of nothing are nothing", () => {
    expect(plotIntervals({ looks: [], margin: 0.02, columns: 80 })).toEqual([]);
  });

  test.each([
    [0, "0"],
    [0.02, "+2 %"],
    [-0.005, "−0.5 %"],
    [4, "+400 %"],
  ])("%d is written %s", (share, text) => expect(shareText(share)).toBe(text));
});

describe("the history", () => {
  const rolloutWith = (n: number): Rollout =>
    ({
      gates: [
        {
          gate: "realised error",
          numbers: { n, relative: 0, relativeLower: -1 / n, relativeUpper: 1 / n },
        },
      ],
    }) as never;

  test("is bounded, in order, and keeps the newest", () => {
    let history: IntervalLook[] = [];
    for (let n = 1; n <= 5_000; n++) {
      history = addLook(history, rolloutWith(n));
      history = addLook(history, rolloutWith(n)); // nothing new
    }
    expect(history.length).toBeLessThanOrEqual(400);
    const sizes = history.map(({ n }) => n);
    expect(sizes).toEqual([...new Set(sizes)].toSorted((a, b) => a - b));
    expect(sizes.at(-1)).toBe(5_000);
    expect(sizes[0]).toBe(1);
    const picked = pickLooks(history, 5).map(({ n }) => n);
    expect(picked.at(-1)).toBe(5_000);
    for (const [i, n] of picked.slice(1).entries()) {
      const before = picked[i] ?? 0;
      expect(n / before).toBeGreaterThan(1.3);
      expect(n / before).toBeLessThan(2.6);
    }
  });

  test("has nothing of a look without an interval", () => {
    expect(intervalOf({ gates: [] })).toBeUndefined();
    const gates = [
      { gate: "realised error", verdict: 3, because: "", numbers: { n: 1, relative: 0 } },
    ];
    expect(intervalOf({ gates } as never)).toBeUndefined();
  });
});

test("a bar is as long as the weight, seen above 0 and not full below all", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10_000 }),
      fc.integer({ min: 1, max: 60 }),
      (weight, width) => {
        const drawn = bar(weight, width);
        expect([...drawn].length).toBe(width);
        const full = [...drawn].filter((cell) => cell === "█").length;
        expect(Math.abs(full - (weight / 10_000) * width)).toBeLessThanOrEqual(1);
        expect(drawn.trim() === "").toBe(weight === 0);
        expect(full === width).toBe(weight === 10_000);
      },
    ),
  );
});

test("wrapped text loses no word and is never too wide", () => {
  const text = fc.array(fc.string({ unit: fc.constantFrom("a", "1", "%", "ä"), minLength: 1 }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(text, fc.integer({ min: 4, max: 60 }), (words, width) => {
      const lines = wrap(words.join(" "), width);
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
      expect(lines.join("").replaceAll(" ", "")).toBe(words.join(""));
    }),
  );
  expect(wrap("between −23.1 % and +17.1 %", 16)).toEqual(["between −23.1 %", "and +17.1 %"]);
});
