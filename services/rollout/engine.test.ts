import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Rollout, RolloutState, Strategy, Verdict } from "#gen/tripmesh/rollout/v1/rollout.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { TOTAL_WEIGHT } from "#kit/traffic/traffic.ts";
import { slotOf } from "./desired-traffic.ts";
import { decision, rolloutOf, stage } from "./testing/rollouts.ts";
import { begin, createWorld, type Kill, Killed, live, type World } from "./testing/world.ts";

const { PASS, FAIL, CONTINUE, HOLD } = Verdict;
const { RUNNING, PAUSED, HELD, PROMOTED, ABORTED } = RolloutState;
const ID = rolloutOf().rolloutId;

/** Tends until nothing is left to do, each life of the process until it is killed. */
async function run(world: World, kills: readonly Kill[] = []): Promise<Rollout> {
  const left = [...kills];
  for (let turns = 0; turns < 300; ) {
    const kill = left.shift();
    try {
      const { engine, releases } = await live(world, kill ? { kill } : {});
      for (; turns < 300; turns++) {
        await engine.tend(ID);
        world.nowMs += 300;
        checkInvariants(world);
        const rollout = releases.rollout(ID);
        if (rollout?.cleanedUp || rollout?.state === HELD) return rollout;
      }
    } catch (cause) {
      if (!(cause instanceof Killed)) throw cause;
      checkInvariants(world);
    }
  }
  throw new Error("it never came to an end");
}

/** What has to be so at every moment, whoever has been killed. */
function checkInvariants({ bucket, instances }: World): void {
  for (const traffic of bucket.values()) {
    for (const slot of ["blue", "green"] as const) {
      const { weight, mirror } = slotOf(traffic, slot);
      // Nobody is sent to a slot where nobody is.
      if (weight + mirror > 0) {
        expect(instances.has(`${traffic.service}-${slot}-0`)).toBe(true);
      }
    }
  }
}

/** What is left in the end: revisions aside, which count the writings. */
function endOf(world: World, rollout: Rollout) {
  const { state, currentStage, cleanedUp } = rollout;
  const traffic = [...world.bucket.values()].map(({ revision: _, ...one }) => one);
  const decisions = rollout.decisions.map(({ what, stage: at }) => `${what} ${at}`);
  return { state, currentStage, cleanedUp, decisions, traffic, instances: [...world.instances] };
}

const plans = fc.record({
  verdicts: fc.array(fc.constantFrom(PASS, PASS, FAIL, HOLD), { minLength: 1, maxLength: 3 }),
  strategy: fc.constantFrom(
    Strategy.CANARY,
    Strategy.BLUE_GREEN,
    Strategy.SHADOW,
    Strategy.AB,
    Strategy.ROLLING,
  ),
});

function rolloutBy({ verdicts, strategy }: { verdicts: Verdict[]; strategy: Strategy }): Rollout {
  const without = strategy === Strategy.SHADOW || strategy === Strategy.ROLLING;
  const stages = verdicts.map((_, i) => (without ? stage(0) : stage(500 * (i + 1))));
  const candidateSlot = strategy === Strategy.ROLLING ? "blue" : "green";
  return rolloutOf({ strategy, stages, candidateSlot });
}

describe("a process that is killed", () => {
  test("at any moment, any number of times, comes to the same end", async () => {
    const kills = fc.array(
      fc.record({
        operation: fc.integer({ min: 1, max: 25 }),
        when: fc.constantFrom("before", "after"),
      }),
      { maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(plans, kills, async (plan, all) => {
        const undisturbed = createWorld(plan.verdicts);
        begin(undisturbed, rolloutBy(plan));
        const expected = endOf(undisturbed, await run(undisturbed));
        const world = createWorld(plan.verdicts);
        begin(world, rolloutBy(plan));
        expect(endOf(world, await run(world, all as Kill[]))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  test("after any entry of its log goes on to the same end", async () => {
    const whole = createWorld([PASS, PASS, PASS]);
    begin(whole, rolloutOf());
    const expected = endOf(whole, await run(whole));
    const byKey = (all: [string, string][]) => Object.fromEntries(all);
    for (let length = 1; length < whole.entries.length; length++) {
      const world = createWorld([PASS, PASS, PASS]);
      // Only the log is left: bucket and instances are as before the rollout.
      world.entries.push(...whole.entries.slice(0, length));
      const { state, currentStage, cleanedUp, instances } = endOf(world, await run(world));
      expect({ state, currentStage, cleanedUp, instances: byKey(instances) }).toEqual({
        state: expected.state,
        currentStage: expected.currentStage,
        cleanedUp: expected.cleanedUp,
        instances: byKey(expected.instances),
      });
    }
  });
});

async function world(verdicts: Verdict[], rollout = rolloutOf()) {
  const created = createWorld(verdicts);
  begin(created, rollout);
  return created;
}

test("an abort does not wait for a deployment, and nothing of the candidate is left", async () => {
  const of = await world([PASS]);
  const deploying = Promise.withResolvers<void>();
  const { engine, releases } = await live(of, { deploy: () => deploying.promise });
  const tending = engine.tend(ID);
  await releases.append(ID, { $case: "decision", value: decision("abort", ABORTED, 0) });
  await tending; // although the deployment goes on
  await engine.tend(ID);
  expect(of.operations).toContain("retire duration-green");
  deploying.reject(new MeshError("ABORTED", "was retired while it was being deployed"));
  expect(releases.rollout(ID)).toMatchObject({ state: ABORTED, cleanedUp: true });
  expect(of.bucket.get("duration")).toMatchObject({ green: { weight: 0, version: "" } });
});

test("an abort that comes while the judge decides stands", async () => {
  const of = await world([PASS, PASS, PASS]);
  const { engine, releases } = await live(of);
  await engine.tend(ID); // deployed, stage 1
  const tending = engine.tend(ID); // on the way to stage 2
  await releases.append(ID, { $case: "decision", value: decision("abort", ABORTED, 1) });
  await tending;
  expect(releases.rollout(ID)?.state).toBe(ABORTED);
  expect(slotOf(of.bucket.get("duration") as never, "green").weight).toBe(0);
});

test("paused, nothing goes on, and a FAIL still acts", async () => {
  const passing = await world([PASS, PASS, PASS]);
  const { engine, releases } = await live(passing);
  await engine.tend(ID);
  await releases.append(ID, { $case: "decision", value: decision("pause", PAUSED, 1) });
  await engine.tend(ID);
  expect(releases.rollout(ID)).toMatchObject({ state: PAUSED, currentStage: 1 });
  const failing = await world([FAIL]);
  const other = await live(failing);
  await other.engine.tend(ID);
  await other.releases.append(ID, { $case: "decision", value: decision("pause", PAUSED, 1) });
  await other.engine.tend(ID);
  expect(other.releases.rollout(ID)?.state).toBe(ABORTED);
});

test("who does not come to serve is aborted with its words; a mesh that does not answer is waited for", async () => {
  const of = await world([PASS]);
  const answers = [
    new MeshError("UNAVAILABLE", "nobody runs instances"),
    new MeshError("FAILED_PRECONDITION", "it said last: out of memory"),
  ];
  const deploy = async () => {
    throw answers.shift();
  };
  const { engine, releases } = await live(of, { deploy });
  await expect(engine.tend(ID)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(releases.rollout(ID)).toMatchObject({ state: RUNNING, currentStage: 0 });
  await engine.tend(ID);
  const rollout = releases.rollout(ID);
  expect(rollout?.state).toBe(ABORTED);
  expect(rollout?.decisions.at(-1)?.why).toMatch(/did not start: it said last: out of memory/);
});

test("a deployment that is never answered is for a person after ten minutes", async () => {
  const of = await world([PASS]);
  const deploy = async () => {
    throw new MeshError("UNAVAILABLE", "nobody runs instances");
  };
  const { engine, releases } = await live(of, { deploy });
  await expect(engine.tend(ID)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  of.nowMs += 600_000;
  await engine.tend(ID);
  expect(releases.rollout(ID)).toMatchObject({ state: HELD, currentStage: 0 });
});

test("what is set by hand in Envoy stops stages; a FAIL says that it is blocked", async () => {
  const overrides = ["traffic.duration.duration-blue"];
  const passing = await live(await world([PASS]), { overrides });
  for (let i = 0; i < 2; i++) await passing.engine.tend(ID);
  expect(passing.releases.rollout(ID)).toMatchObject({ state: HELD, currentStage: 1 });
  const failing = await live(await world([FAIL]), { overrides });
  for (let i = 0; i < 2; i++) await failing.engine.tend(ID);
  expect(failing.releases.rollout(ID)?.state).toBe(ABORTED);
  expect(failing.releases.rollout(ID)?.decisions.at(-1)?.why).toMatch(
    /Blocked by override: traffic\.duration\.duration-blue is set by hand/,
  );
});

test("a slot that is not well gets no more riders, however good the evidence; at the deadline a person is asked", async () => {
  let problem: string | undefined = "duration-green has no healthy instance";
  const of = await world([PASS, PASS, PASS]);
  const { engine, releases } = await live(of, { slotProblem: () => problem });
  for (let i = 0; i < 4; i++) await engine.tend(ID);
  expect(releases.rollout(ID)).toMatchObject({ state: RUNNING, currentStage: 1 });
  expect(releases.rollout(ID)?.gates).toMatchObject([
    {
      gate: "candidate's slot",
      verdict: CONTINUE,
      because: "duration-green has no healthy instance: no more weight for it.",
    },
  ]);
  problem = undefined;
  await engine.tend(ID);
  expect(releases.rollout(ID)).toMatchObject({ state: RUNNING, currentStage: 2 });
  problem = "duration-green lags";
  of.nowMs += 3_600_000;
  await engine.tend(ID);
  expect(releases.rollout(ID)).toMatchObject({ state: HELD, currentStage: 2 });
  expect(releases.rollout(ID)?.decisions.at(-1)?.why).toMatch(/green lags.*by the deadline/);
});

test("gates that go to and fro fill no log", async () => {
  const of = await world([CONTINUE]);
  const { engine } = await live(of);
  await engine.tend(ID);
  for (let i = 0; i < 400; i++) {
    (of.verdicts as Verdict[])[0] = i % 2 === 0 ? CONTINUE : HOLD;
    (of.entries as unknown[]).push({
      rolloutId: ID,
      time: new Date(of.nowMs),
      body: { $case: "decision", value: decision("pause", PAUSED, 1) },
    });
    await engine.tend(ID);
    of.nowMs += 250;
  }
  const looks = of.entries.filter(({ body }) => body?.$case === "look");
  expect(looks.length).toBeLessThanOrEqual(11); // in 100 s
});

describe("while the old version is still warm", () => {
  test("a person may go back to it, and that stands", async () => {
    const of = await world([PASS], rolloutOf({ stages: [stage(10_000)] }));
    const { engine, releases, traffic } = await live(of);
    for (let i = 0; i < 3; i++) await engine.tend(ID);
    expect(releases.rollout(ID)).toMatchObject({ state: PROMOTED, cleanedUp: false });
    const now = traffic.of("duration");
    const back = {
      ...now,
      blue: { ...slotOf(now, "blue"), weight: TOTAL_WEIGHT },
      green: { ...slotOf(now, "green"), weight: 0 },
    };
    await traffic.set(back, "me", "it was better before");
    await engine.tend(ID);
    expect(traffic.of("duration").blue?.weight).toBe(TOTAL_WEIGHT);
    of.nowMs += 5_000;
    await engine.tend(ID);
    expect(releases.rollout(ID)?.cleanedUp).toBe(true);
    expect(of.instances.get("duration-blue-0")).toBe("v1");
    expect(of.instances.has("duration-green-0")).toBe(false);
  });
});

test("a rolling release of nobody is not done", async () => {
  const rolling = { strategy: Strategy.ROLLING, candidateSlot: "blue", stages: [stage(0)] };
  const of = await world([CONTINUE], rolloutOf(rolling));
  of.instances.clear(); // the supervisor has only just begun
  const { engine, releases } = await live(of);
  for (let i = 0; i < 5; i++) await engine.tend(ID);
  expect(releases.rollout(ID)?.state).toBe(RUNNING);
});
