import pino from "pino";
import { expect, test } from "vitest";
import { RolloutState, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { fromSeconds } from "#kit/rpc/amounts.ts";
import { firstTraffic } from "#kit/traffic/traffic.ts";
import { createEvidenceJudge } from "./evidence-judge.ts";
import type { FollowOptions } from "./follow-evidence.ts";
import { createEvidence, type Evidence, foldFact } from "./judge/evidence.ts";
import type { Fact } from "./judge/fact.ts";
import type { JudgePlan } from "./judge/plan.ts";
import { decision, later, rolloutOf, stage } from "./testing/rollouts.ts";

const EVENT_MS = Date.UTC(2021, 1, 1, 12);
const MINUTE_MS = 60_000;
const inStage2 = rolloutOf({
  currentStage: 2,
  stages: [stage(500), { ...stage(2_500), bake: fromSeconds(600) }],
  decisions: [
    decision("start", RolloutState.RUNNING, 0),
    decision("advance", RolloutState.RUNNING, 1, 10),
    decision("advance", RolloutState.RUNNING, 2, 100),
  ],
});
const traffic = (revision: bigint, weight: number): Traffic => {
  const { blue, green, ...rest } = firstTraffic("duration");
  return {
    ...rest,
    revision,
    blue: { ...blue, weight: 10_000 - weight } as never,
    green: { ...green, version: "v2", weight } as never,
  };
};

/** A judge whose streams are told by hand. */
function judgeOf(rollout = inStage2) {
  const reading = Promise.withResolvers<void>();
  const feeds: { evidence: Evidence; plan: JudgePlan; hooks: Pick<FollowOptions, "onStored"> }[] =
    [];
  const judge = createEvidenceJudge({
    follow(_, plan, hooks) {
      const evidence = createEvidence(plan);
      feeds.push({ evidence, plan, hooks });
      const take = (fact: Fact) => foldFact(evidence, plan, fact);
      return { evidence, take, read: reading.promise, stop: async () => undefined };
    },
    log: pino({ level: "silent" }),
  });
  const traffics = () => [traffic(5n, 500), traffic(9n, 2_500)];
  const watch = () => judge.watch({ rollout: () => rollout, traffics });
  watch();
  const feed = feeds[0] as (typeof feeds)[0];
  /** A request, stored so many seconds after the start, at that minute of event time. */
  const request = (storedSeconds: number, minute: number) => {
    feed.hooks.onStored(later(storedSeconds));
    foldFact(feed.evidence, feed.plan, {
      kind: "requested",
      tripId: `t${storedSeconds}-${minute}`,
      riderId: "r",
      atMs: EVENT_MS + minute * MINUTE_MS,
      hour: 7,
      revision: storedSeconds < 100 ? 5 : 9,
      assigned: "base",
    });
  };
  return { judge, reading, feeds, feed, request, watch };
}
const bake = (gates: readonly { gate: string; because: string }[]) =>
  gates.find(({ gate }) => gate === "bake time")?.because;

test("nothing is judged before what is stored has been read", async () => {
  const { judge, reading } = judgeOf();
  expect(judge.look(inStage2, later(200))).toMatchObject({
    verdict: Verdict.CONTINUE,
    because: "The evidence is still being read from the streams.",
  });
  reading.resolve();
  await reading.promise;
  expect(judge.look(inStage2, later(200)).gates.length).toBeGreaterThan(0);
});

test("weights are known before the trips that were shared by them", () => {
  const { feed, request } = judgeOf();
  expect(feed.evidence.strata.map(({ candidateWeight }) => candidateWeight)).toEqual([
    0, 500, 2_500,
  ]);
  request(50, 0);
  request(150, 30);
  expect(feed.evidence.strata.map(({ cohorts }) => cohorts.size)).toEqual([0, 1, 1]);
});

test("a stage began when the stream says, also for a process that reads it afterwards", async () => {
  const { judge, reading, request } = judgeOf();
  // Ten requests are needed before an event time is believed.
  for (let i = 0; i < 20; i++) request(20 + i, i);
  for (let i = 0; i < 20; i++) request(100 + i, 60 + i);
  reading.resolve();
  await reading.promise;
  // Believed at the start of the stage: minute 10 (the tenth latest of 0 to 19); now: minute 70.
  expect(bake(judge.look(inStage2, later(200)).gates)).toBe(
    "60 minutes of 10 minutes of event time in this stage.",
  );
});

test("a stage of which nothing is stored yet begins now", async () => {
  const { judge, reading, request } = judgeOf();
  for (let i = 0; i < 20; i++) request(20 + i, i);
  reading.resolve();
  await reading.promise;
  expect(bake(judge.look(inStage2, later(101)).gates)).toBe(
    "0 minutes of 10 minutes of event time in this stage.",
  );
});

test("the deadline is held; a person who lets it go on gives it time again", async () => {
  const { judge, reading, request } = judgeOf();
  for (let i = 0; i < 20; i++) request(20 + i, i);
  reading.resolve();
  await reading.promise;
  expect(judge.look(inStage2, later(3_699)).verdict).toBe(Verdict.CONTINUE);
  expect(judge.look(inStage2, later(3_701)).verdict).toBe(Verdict.HOLD);
  const resumed = {
    ...inStage2,
    decisions: [
      ...inStage2.decisions,
      decision("hold", RolloutState.HELD, 2, 3_701),
      decision("resume", RolloutState.RUNNING, 2, 90_000),
    ],
  };
  expect(judge.look(resumed, later(90_001)).verdict).toBe(Verdict.CONTINUE);
});

test("streams that cannot be read are read again", async () => {
  const { judge, reading, feeds, watch } = judgeOf();
  watch();
  expect(feeds.length).toBe(1);
  reading.reject(new Error("away"));
  await reading.promise.catch(() => undefined);
  await Promise.resolve();
  expect(judge.look(inStage2, later(200)).gates).toEqual([]);
  watch();
  expect(feeds.length).toBe(2);
});
