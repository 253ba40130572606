import { expect, test } from "vitest";
import { createDeaths } from "./deaths.ts";
import { rolloutOf } from "./testing/rollouts.ts";

const stage = (currentStage: number) => rolloutOf({ currentStage });
const killed = { signal: "SIGKILL" };

test("a kill from outside is nobody's fault, the third one in a stage is", () => {
  const deaths = createDeaths(() => 0);
  const faults = [1, 1, 2, 2, 1, 2].map((at) => deaths.isFault(stage(at), killed));
  expect(faults).toEqual([false, false, false, false, true, true]);
});

test("an end by itself is the candidate's fault, and so is a signal that it got for what it did", () => {
  const deaths = createDeaths(() => 0);
  for (const signal of [undefined, "SIGSEGV", "SIGABRT"]) {
    expect(deaths.isFault(stage(1), { signal })).toBe(true);
  }
  expect(deaths.isExcused(stage(1).rolloutId)).toBe(false);
});

test("what fails until it is back is excused", () => {
  let nowMs = 0;
  const deaths = createDeaths(() => nowMs);
  deaths.isFault(stage(1), killed);
  expect(deaths.isExcused(stage(1).rolloutId)).toBe(true);
  expect(deaths.isExcused("another")).toBe(false);
  nowMs = 5_000;
  expect(deaths.isExcused(stage(1).rolloutId)).toBe(false);
});
