import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEventTime } from "./event-time.ts";
import { runSchedule, type Timeline } from "./schedule.ts";
import { createVirtualClock, type VirtualClock } from "./testing/virtual-clock.ts";

const DISORDER_MS = 240_000;
const never = new AbortController().signal;

interface Planned {
  /** Event times of the steps. */
  readonly atMs: readonly number[];
  /** How long each answer takes, wall milliseconds. */
  readonly latencyMs: number;
}

interface Taken {
  readonly timeline: number;
  readonly atMs: number;
  readonly wallMs: number;
}

/** Runs timelines and notes every step when it is taken. */
async function run(
  plans: readonly Planned[],
  options: { speed: number; maxInFlight?: number; signal?: AbortSignal; clock?: VirtualClock },
) {
  const clock = options.clock ?? createVirtualClock();
  const eventTime = createEventTime(options.speed, clock);
  const taken: Taken[] = [];
  const gauge = { inFlight: 0, most: 0, busyTwice: false };
  async function* source() {
    for (const [index, plan] of plans.entries()) yield timelineOf(index, plan);
  }
  function timelineOf(timeline: number, { atMs: times, latencyMs }: Planned): Timeline {
    let step = 0;
    let isBusy = false;
    return {
      firstAtMs: times[0] ?? 0,
      async step() {
        gauge.busyTwice ||= isBusy;
        isBusy = true;
        gauge.most = Math.max(gauge.most, ++gauge.inFlight);
        taken.push({ timeline, atMs: times[step++] ?? Number.NaN, wallMs: clock.nowMs() });
        if (latencyMs > 0) await clock.sleep(latencyMs, never);
        gauge.inFlight--;
        isBusy = false;
        return times[step];
      },
    };
  }
  const { maxInFlight = 1000, signal = never } = options;
  const schedule = { eventTime, clock, maxInFlight, disorderMs: DISORDER_MS, signal };
  await clock.drive(runSchedule(source(), schedule));
  return { taken, gauge, eventTime, wallMs: clock.nowMs() };
}

const isSorted = (values: readonly number[]) =>
  values.every((value, i) => i === 0 || (values[i - 1] ?? value) <= value);

/** Trips in the disorder that waits of one to five minutes make of sorted pickups. */
const plans = (latencyMs: fc.Arbitrary<number>) =>
  fc
    .array(
      fc.record({
        pickupMs: fc.integer({ min: 0, max: 3_000_000 }),
        waitMs: fc.integer({ min: 60_000, max: 300_000 }),
        gapsMs: fc.array(fc.integer({ min: 0, max: 600_000 }), { maxLength: 4 }),
        latencyMs,
      }),
      { maxLength: 25 },
    )
    .map((trips) =>
      trips
        .sort((a, b) => a.pickupMs - b.pickupMs)
        .map(({ pickupMs, waitMs, gapsMs, latencyMs: each }): Planned => {
          let atMs = pickupMs;
          const later = gapsMs.map((gap) => (atMs += gap));
          return { atMs: [pickupMs - waitMs, pickupMs, ...later], latencyMs: each };
        }),
    );

const latencies = fc.integer({ min: 0, max: 3000 });
const speeds = fc.constantFrom(1, 60, 600, Number.POSITIVE_INFINITY);

describe("always", () => {
  test("every step is taken once, a timeline's own in order and never two at a time", async () => {
    await fc.assert(
      fc.asyncProperty(
        plans(latencies),
        speeds,
        fc.integer({ min: 1, max: 8 }),
        async (p, speed, maxInFlight) => {
          const { taken, gauge } = await run(p, { speed, maxInFlight });
          for (const [index, plan] of p.entries()) {
            const own = taken.filter(({ timeline }) => timeline === index);
            expect(own.map(({ atMs }) => atMs)).toEqual(plan.atMs);
          }
          expect(gauge.busyTwice).toBe(false);
          expect(gauge.most).toBeLessThanOrEqual(maxInFlight);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("steps of different timelines are in order of event time when answers are instant", async () => {
    await fc.assert(
      fc.asyncProperty(plans(fc.constant(0)), fc.constantFrom(1, 60, 600), async (p, speed) => {
        const { taken } = await run(p, { speed });
        expect(isSorted(taken.map(({ atMs }) => atMs))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test("at full speed no step is more than ten minutes ahead of an unanswered one", async () => {
    const held = 3;
    const plans = Array.from({ length: 40 }, (_, i) => ({
      atMs: [i * 240_000],
      latencyMs: i === held ? 9000 : 1,
    }));
    const { taken } = await run(plans, { speed: Number.POSITIVE_INFINITY });
    const meanwhile = taken.filter(({ wallMs }) => wallMs < 9000).map(({ timeline }) => timeline);
    expect(Math.max(...meanwhile)).toBe(held + 2);
    expect(taken).toHaveLength(40);
  });
});

describe("paced", () => {
  test("steps come when they are due, after any number of them", async () => {
    const plan = { atMs: Array.from({ length: 500 }, (_, i) => i * 10_007), latencyMs: 5 };
    const { taken } = await run([plan], { speed: 60 });
    for (const { atMs, wallMs } of taken) expect(Math.abs(wallMs - atMs / 60)).toBeLessThan(0.001);
  });

  test("a mesh that is too slow makes the replay pause instead of queueing", async () => {
    const each = Array.from({ length: 100 }, (_, i) => ({ atMs: [i * 1000], latencyMs: 1000 }));
    const { gauge, eventTime, wallMs } = await run(each, { speed: 60, maxInFlight: 2 });
    expect(gauge.most).toBe(2);
    expect(wallMs).toBeCloseTo(50_000, -2); // two calls a second is all there is
    expect(eventTime.slippedMs).toBeGreaterThan(40_000);
  });

  test("one late timeline does not move the clock of the others", async () => {
    const slow = { atMs: [0, 1000, 2000], latencyMs: 20_000 };
    const steady = Array.from({ length: 60 }, (_, i) => ({ atMs: [i * 60_000], latencyMs: 0 }));
    const { eventTime, wallMs } = await run([slow, ...steady], { speed: 60 });
    expect(eventTime.slippedMs).toBe(0);
    expect(wallMs).toBe(60_000); // three answers of 20 s, beside 59 minutes at 60
  });

  test("months without trips are skipped", async () => {
    const far = 300 * 86_400_000;
    const p = [0, 60_000, far, far + 60_000].map((at) => ({ atMs: [at], latencyMs: 10 }));
    const { wallMs } = await run(p, { speed: 60 });
    expect(wallMs).toBeLessThan(2_100);
  });
});

describe("stopping", () => {
  test("takes no more steps and waits for those under way", async () => {
    const stop = new AbortController();
    const clock = createVirtualClock();
    void clock.sleep(1500, never).then(() => stop.abort());
    const p = [0, 60_000, 120_000].map((at) => ({ atMs: [at], latencyMs: 700 }));
    const { taken, wallMs } = await run(p, { speed: 60, signal: stop.signal, clock });
    expect(taken).toHaveLength(2);
    expect(wallMs).toBe(1700);
  });

  test("a source that fails makes the schedule fail", async () => {
    const clock = createVirtualClock();
    // biome-ignore lint/correctness/useYield: it fails before it could
    async function* broken(): AsyncIterable<Timeline> {
      throw new Error("unreadable");
    }
    const eventTime = createEventTime(60, clock);
    const options = { eventTime, clock, maxInFlight: 1, disorderMs: 0, signal: never };
    await expect(runSchedule(broken(), options)).rejects.toThrow("unreadable");
  });
});
