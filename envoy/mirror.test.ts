// Copies of live requests for a candidate: it gets its share of them, and the rider notices nothing.
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Asking, askThrough, type CannedModel, ofAll, serveModel } from "./canned-model.ts";
import { saveSplit, statistic } from "./save-split.ts";
import { startTrial, type Trial } from "./trial.ts";

const riders = Array.from({ length: 1000 }, (_, index) => `rider-${index}`);
let trial: Trial;
let asking: Asking;
let live: CannedModel;

beforeAll(async () => {
  trial = await startTrial({ durationTimeoutMs: 1500 });
  live = await serveModel(trial, "live");
  await trial.deploy("duration-blue", [live.address]);
  asking = askThrough(trial);
});
afterAll(() => trial.stop());

test("a mirror of 25 % gives the candidate a quarter of the requests, marked, and no answer of its own", async () => {
  const candidate = await deployCandidate();
  await saveSplit(trial, { duration: { mirror: 2500 } });
  const before = await shadowStatistic("upstream_rq_total");
  const headers = { authorization: "Bearer secret" };
  const answers = await ofAll(riders, (rider) => asking.predictFor("s", rider, headers));
  expect(new Set(answers)).toEqual(new Set(["live"]));

  const sent = (await shadowStatistic("upstream_rq_total")) - before;
  // 250 of 1,000, with a standard deviation of 14.
  expect(sent).toBeGreaterThan(180);
  expect(sent).toBeLessThan(320);
  await expect.poll(candidate.shadows, { interval: 5, timeout: 5000 }).toBe(sent);
  expect(candidate.live()).toBe(0);
  expect(candidate.lastShadow("x-cohort-key")).toMatch(/^s:rider-/);
  expect(candidate.lastShadow("authorization")).toBeUndefined();
});

test("the mirror of one service says nothing about another, and a slot named gets no copies", async () => {
  const candidate = await deployCandidate();
  await saveSplit(trial, { tip: { mirror: 10_000 } });
  await ofAll(riders.slice(0, 50), (rider) => asking.predictFor("s", rider));
  await saveSplit(trial, { duration: { mirror: 10_000 } });
  expect(await asking.predict({ "x-slot": "blue" })).toBe("live");
  await asking.predictFor("s", "rider");
  await expect.poll(candidate.shadows, { interval: 5, timeout: 5000 }).toBe(1);
});

test("a candidate that hangs adds nothing to what a rider waits", async () => {
  const candidate = await deployCandidate();
  candidate.hang();
  const calls = live.live();
  const without: number[] = [];
  const hanging: number[] = [];
  // In turns, so that a busy moment of the machine is shared.
  for (let round = 0; round < 4; round++) {
    await saveSplit(trial, {});
    without.push(...(await latencies()));
    await saveSplit(trial, { duration: { mirror: 10_000 } });
    hanging.push(...(await latencies()));
  }
  expect(candidate.shadows()).toBeGreaterThan(0);
  // More than that would hold up the candidate's own place, and is dropped.
  expect(await shadowStatistic("upstream_rq_active_overflow")).toBeGreaterThan(0);
  expect(await shadowStatistic("upstream_rq_retry")).toBe(0);
  expect(live.live() - calls).toBe(without.length + hanging.length);
  expect(median(hanging)).toBeLessThan(2 * median(without));
});

test("a candidate that is not there is no fault of the request", async () => {
  await trial.deploy("duration-green", []);
  await saveSplit(trial, { duration: { mirror: 10_000 } });
  const answers = await ofAll(riders.slice(0, 50), (rider) => asking.predictFor("s", rider));
  expect(new Set(answers)).toEqual(new Set(["live"]));
});

/** Puts a new candidate into green, and waits until the shadow twin sends to it too. */
async function deployCandidate(): Promise<CannedModel> {
  const candidate = await serveModel(trial, "candidate");
  await trial.deploy("duration-green", [candidate.address]);
  await trial.untilHealthy("duration-green-shadow", [candidate.address]);
  onTestFinished(() => trial.deploy("duration-green", []));
  return candidate;
}

/** What each of 150 riders waits, one after the other. */
async function latencies(): Promise<number[]> {
  const found: number[] = [];
  for (const rider of riders.slice(0, 150)) {
    const startMs = performance.now();
    expect(await asking.predictFor("s", rider)).toBe("live");
    found.push(performance.now() - startMs);
  }
  return found;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function shadowStatistic(name: string): Promise<number> {
  return statistic(trial.envoy.admin, `cluster.duration-green-shadow.${name}`);
}
