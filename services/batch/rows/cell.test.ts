import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cellText, readInteger, readNumber, readText, readTimeMs } from "./cell.ts";

describe("a cell", () => {
  test("that went through a spool as text reads as the same", () => {
    const cells = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }),
      fc.date({ noInvalidDate: true, min: new Date("0001-01-01"), max: new Date("9999-01-01") }),
      fc.string(),
      fc.boolean(),
      fc.constantFrom(null, undefined),
    );
    fc.assert(
      fc.property(cells, (cell) => {
        const text = cellText(cell);
        if (!(cell instanceof Date)) {
          expect(readNumber(text)).toBe(readNumber(cell) === 0 ? 0 : readNumber(cell));
          expect(readInteger(text)).toBe(readInteger(cell) === 0 ? 0 : readInteger(cell));
        } else expect(readTimeMs(text)).toBe(readTimeMs(cell));
      }),
    );
  });

  test.each([
    ["5.0", 5],
    [5n, 5],
    [5.5, undefined],
    ["", null],
    [" ", null],
    [Number.NaN, null],
    [null, null],
    ["five", undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [2n ** 60n, undefined],
  ])("%s is read as the whole number %s", (cell, value) => {
    expect(readInteger(cell)).toBe(value);
  });

  test.each([
    ["2021-01-31 05:00:00", Date.UTC(2021, 0, 31, 5)],
    ["2021-01-31T05:00", Date.UTC(2021, 0, 31, 5)],
    ["2021-01-31 05:00:00.250+00", Date.UTC(2021, 0, 31, 5, 0, 0, 250)],
    ["2021-01-31T05:00:00-05:00", Date.UTC(2021, 0, 31, 10)],
    ["2021-01-31", Date.UTC(2021, 0, 31)],
    ["1612069200000", 1_612_069_200_000],
    ["January", undefined],
    ["", null],
  ])("%s is read as the time %s", (cell, ms) => {
    expect(readTimeMs(cell)).toBe(ms);
  });

  test("of a text is a text, and nothing is none", () => {
    expect([readText("a"), readText(5n), readText(""), readText(null)]).toEqual([
      "a",
      "5",
      null,
      null,
    ]);
  });
});
