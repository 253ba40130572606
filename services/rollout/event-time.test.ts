import { expect, test } from "vitest";
import { medianTime } from "./event-time.ts";

test("a person's own ride today is not the event time of a replay", () => {
  const replayed = [1, 2, 3, 4].map((minute) => Date.UTC(2021, 1, 1, 7, minute));
  expect(medianTime([...replayed, Date.UTC(2026, 0, 1)])).toEqual(new Date(replayed[2] as number));
  expect(medianTime([])).toBeUndefined();
});
