import { expect, test } from "vitest";
import type { ReleaseEntry } from "#gen/tripmesh/rollout/v1/release_entry.ts";
import { type Rollout, RolloutState, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { applyEntry, deadlineCountsFrom, endedAt, isOver, stageStartedAt } from "./state.ts";
import { BEGAN, decision, later, rolloutOf } from "./testing/rollouts.ts";

const { RUNNING, PAUSED, HELD, PROMOTED, ABORTED } = RolloutState;
const entry = (body: ReleaseEntry["body"], seconds = 0): ReleaseEntry => ({
  rolloutId: "duration-v2-1",
  time: later(seconds),
  body,
});
const fold = (...entries: ReleaseEntry[]) =>
  entries.reduce<Rollout | undefined>(applyEntry, undefined);
const started = entry({ $case: "started", value: rolloutOf() });

test("a log says how its rollout is", () => {
  const gates = [{ gate: "hard caps", verdict: Verdict.PASS, because: "none", numbers: {} }];
  const rollout = fold(
    started,
    entry({ $case: "decision", value: decision("advance", RUNNING, 1, 5) }, 5),
    entry({ $case: "look", value: { verdict: Verdict.CONTINUE, gates, stage: 1 } }, 6),
    entry({ $case: "decision", value: decision("abort", ABORTED, 1, 7) }, 7),
    entry({ $case: "cleanUp", value: { slot: "green", version: "v2" } }, 8),
  );
  expect(rollout).toMatchObject({ state: ABORTED, currentStage: 1, cleanedUp: true });
  expect(rollout).toMatchObject({ verdict: Verdict.CONTINUE, gates, createTime: BEGAN });
  expect(rollout?.updateTime).toEqual(later(8));
  expect(rollout?.decisions.map(({ what }) => what)).toEqual(["start", "advance", "abort"]);
  expect(rollout && endedAt(rollout)).toEqual(later(7));
});

test("entries before the start are nobody's", () => {
  const alone = entry({ $case: "decision", value: decision("advance", RUNNING, 1) });
  expect(fold(alone)).toBeUndefined();
  expect(fold(alone, started)).toMatchObject({ currentStage: 0 });
});

test("an end is an end in two states only", () => {
  const over = [RUNNING, PAUSED, HELD, PROMOTED, ABORTED].filter((state) => isOver({ state }));
  expect(over).toEqual([PROMOTED, ABORTED]);
});

const inStage1 = (...more: ReturnType<typeof decision>[]) =>
  rolloutOf({
    currentStage: 1,
    decisions: [decision("start", RUNNING, 0), decision("advance", RUNNING, 1, 100), ...more],
  });

test("a stage begins with the decision that led to it, whatever was said since", () => {
  const rollout = inStage1(decision("pause", PAUSED, 1, 200), decision("resume", RUNNING, 1, 300));
  expect(stageStartedAt(rollout)).toEqual(later(100));
  expect(stageStartedAt(rolloutOf())).toEqual(BEGAN);
});

test("the time that a rollout was paused does not count for its deadline", () => {
  const day = 86_400;
  const paused = inStage1(
    decision("pause", PAUSED, 1, 200),
    decision("resume", RUNNING, 1, 200 + day),
  );
  expect(deadlineCountsFrom(paused)).toEqual(later(100 + day));
  const twice = inStage1(
    decision("pause", PAUSED, 1, 200),
    decision("resume", RUNNING, 1, 210),
    decision("pause", PAUSED, 1, 300),
    decision("resume", RUNNING, 1, 330),
    decision("pause", PAUSED, 1, 400),
  );
  expect(deadlineCountsFrom(twice)).toEqual(later(140));
});

test("a person who lets a held rollout go on gives it its time anew", () => {
  const held = inStage1(
    decision("hold", HELD, 1, 3_700),
    decision("pause", PAUSED, 1, 3_800),
    decision("resume", RUNNING, 1, 9_000),
  );
  expect(deadlineCountsFrom(held)).toEqual(later(9_000));
});
