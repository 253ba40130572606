import pino from "pino";
import { afterEach, expect, test } from "vitest";
import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { until } from "../../test/harness/until.ts";
import type { Operated } from "./judge/fact.ts";
import type { RequestCounts, SlotCounts } from "./request-counts.ts";
import { rolloutOf } from "./testing/rollouts.ts";
import { watchRequests } from "./watch-requests.ts";

const counts = (blue: number, green: number, greenErrors = 0, slow = [0, 0]): RequestCounts => ({
  blue: { requests: blue, errors: 0, timed: blue, slow: slow[0] ?? 0, redelivered: 0 },
  green: { requests: green, errors: greenErrors, timed: green, slow: slow[1] ?? 0, redelivered: 0 },
});
let watching: { stop(): Promise<void> };
afterEach(() => watching.stop());

function watch() {
  const told: Operated[] = [];
  const world = {
    counts: counts(1_000, 50, 40) as RequestCounts | undefined,
    rollout: rolloutOf({ currentStage: 1 }) as Rollout | undefined,
    isExcused: false,
    reads: 0,
    /** Read first, one after the other. */
    queue: [] as RequestCounts[],
  };
  watching = watchRequests({
    async read() {
      world.reads++;
      const queued = world.queue.shift();
      if (queued) return queued;
      if (!world.counts) throw new Error("away");
      return world.counts;
    },
    rollout: () => world.rollout,
    revision: () => 7n,
    tell: (_, fact) => told.push(fact as Operated),
    isExcused: async () => world.isExcused,
    log: pino({ level: "silent" }),
    everyMs: 1,
  });
  const next = async () => {
    const before = told.length;
    await until("it was looked again", () => told.length > before + 1);
    return told.at(-1);
  };
  return { world, told, next };
}

test("what an earlier candidate did in the same slot is not this one's", async () => {
  const { world, next } = watch();
  expect(await next()).toMatchObject({
    revision: 7,
    requests: { candidate: 0, base: 0 },
    errors: { candidate: 0 },
  });
  world.counts = counts(1_100, 60, 41);
  expect(await next()).toMatchObject({
    requests: { candidate: 10, base: 100 },
    errors: { candidate: 1, base: 0 },
  });
  world.rollout = rolloutOf({ rolloutId: "another", currentStage: 1 });
  expect(await next()).toMatchObject({ requests: { candidate: 0, base: 0 } });
});

test("errors of a candidate that was killed from outside are not counted, later ones are", async () => {
  const { world, next } = watch();
  await next();
  world.isExcused = true;
  world.counts = counts(1_100, 80, 60); // 20 failed
  expect(await next()).toMatchObject({ requests: { candidate: 10 }, errors: { candidate: 0 } });
  world.isExcused = false;
  world.counts = counts(1_200, 90, 61);
  expect(await next()).toMatchObject({ requests: { candidate: 20 }, errors: { candidate: 1 } });
});

test("an Envoy that was started again counts from nothing, as another source", async () => {
  const { world, next } = watch();
  const first = await next();
  world.counts = undefined;
  await new Promise((resolve) => setTimeout(resolve, 10));
  world.counts = counts(5, 2, 1);
  const again = await next();
  expect(again).toMatchObject({ requests: { candidate: 2, base: 5 }, errors: { candidate: 1 } });
  expect(again?.source).not.toBe(first?.source);
});

test("what a candidate is asked before its first stage, to warm it, is not counted", async () => {
  const { world, next } = watch();
  await next();
  world.rollout = rolloutOf({ rolloutId: "another", currentStage: 0 });
  world.counts = counts(1_000, 150, 40, [0, 9]);
  await new Promise((resolve) => setTimeout(resolve, 20)); // the last look ends
  const { reads } = world;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(world.reads).toBe(reads);
  world.rollout = rolloutOf({ rolloutId: "another", currentStage: 1 });
  expect(await next()).toMatchObject({
    requests: { candidate: 0, base: 0 },
    slow: { candidate: 0, base: 0 },
    slowSeconds: { candidate: 0, base: 0 },
  });
});

test("nor is what comes a look later: times are told up to a second after their answers", async () => {
  const { world, told, next } = watch();
  await next();
  const late = counts(1_000, 50, 40, [0, 9]);
  world.counts = undefined;
  world.rollout = rolloutOf({ rolloutId: "another", currentStage: 1 });
  const before = told.length;
  world.queue = [counts(1_000, 50, 40), late, late];
  await until("both were read", () => told.length >= before + 3);
  expect(told.at(-1)).toMatchObject({ slow: { candidate: 0 }, slowSeconds: { candidate: 0 } });
});

test("a second in which events were given again to one slot alone counts once, however many there were", async () => {
  const { world, next } = watch();
  await next();
  const again = (blue: number, green: number): RequestCounts => ({
    blue: { ...counts(1_000, 50, 40).blue, redelivered: blue } as SlotCounts,
    green: { ...counts(1_000, 50, 40).green, redelivered: green } as SlotCounts,
  });
  world.counts = again(0, 137);
  expect(await next()).toMatchObject({
    redelivered: { candidate: 137, base: 0 },
    redeliveredSeconds: { candidate: 1, base: 0 },
  });
  world.counts = again(5, 140);
  expect(await next()).toMatchObject({ redeliveredSeconds: { candidate: 1, base: 0 } });
});

test("a second counts where one version was slow and the other was not", async () => {
  const { world, next } = watch();
  await next();
  world.counts = counts(1_010, 60, 40, [0, 5]);
  expect(await next()).toMatchObject({
    timed: { candidate: 10, base: 10 },
    slow: { candidate: 5, base: 0 },
    slowSeconds: { candidate: 1, base: 0 },
  });
  world.counts = counts(1_020, 70, 40, [3, 8]);
  expect(await next()).toMatchObject({
    slow: { candidate: 8, base: 3 },
    slowSeconds: { candidate: 1, base: 0 },
  });
  world.counts = counts(1_030, 80, 40, [4, 8]);
  expect(await next()).toMatchObject({ slowSeconds: { candidate: 1, base: 1 } });
  world.isExcused = true;
  world.counts = counts(1_040, 90, 40, [4, 9]);
  expect(await next()).toMatchObject({
    timed: { candidate: 39, base: 40 },
    slow: { candidate: 8, base: 4 },
    slowSeconds: { candidate: 1, base: 1 },
  });
});
