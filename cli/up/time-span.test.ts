import { expect, test } from "vitest";
import { parseTimeSpan } from "./time-span.ts";

test.each([
  ["5m", 300_000],
  ["90s", 90_000],
  ["1h30m", 5_400_000],
  ["500ms", 500],
  ["1.5s", 1_500],
])("%s is %i ms", (text, ms) => {
  expect(parseTimeSpan(text)).toBe(ms);
});

test.each(["", "5", "m", "5 m", "-5m", "5d", "0s", "5mx"])("%j is no time", (text) => {
  expect(parseTimeSpan(text)).toBeUndefined();
});
