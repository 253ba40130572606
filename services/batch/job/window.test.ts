import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lastWindow, parseTime, windowAt, windowsBetween, windowText } from "./window.ts";

const times = fc.integer({ min: Date.UTC(1999, 0, 1), max: Date.UTC(2099, 0, 1) });
const periods = fc.constantFrom("hour" as const, "day" as const, "month" as const);

describe("windows", () => {
  test("hold the time that they were asked for, and the next begins where one ends", () => {
    fc.assert(
      fc.property(periods, times, (period, ms) => {
        const window = windowAt(period, ms);
        expect(window.fromMs <= ms && ms < window.toMs).toBe(true);
        expect(windowAt(period, window.toMs).fromMs).toBe(window.toMs);
        expect(lastWindow(period, ms).toMs).toBe(window.fromMs);
      }),
    );
  });

  test("of a span are without a gap", () => {
    const windows = windowsBetween("month", Date.UTC(2020, 10, 1), Date.UTC(2021, 2, 1));
    expect(windows.map(windowText)).toEqual([
      "2020-11-01 to 2020-12-01",
      "2020-12-01 to 2021-01-01",
      "2021-01-01 to 2021-02-01",
      "2021-02-01 to 2021-03-01",
    ]);
  });

  test("are whole", () => {
    expect(() => windowsBetween("month", Date.UTC(2021, 0, 2), Date.UTC(2021, 1, 1))).toThrow(
      "--from 2021-01-02 is not the start of a month",
    );
    expect(() => windowsBetween("day", Date.UTC(2021, 0, 2), Date.UTC(2021, 0, 2))).toThrow(
      "after",
    );
  });
});

test.each([
  ["2021-01", Date.UTC(2021, 0, 1)],
  ["2021-01-31", Date.UTC(2021, 0, 31)],
  ["2021-01-31T05:00", Date.UTC(2021, 0, 31, 5)],
  ["2021-02-31", undefined],
  ["2021-13", undefined],
  ["yesterday", undefined],
])("%s is read as %s", (text, ms) => {
  expect(parseTime(text)).toBe(ms);
});
