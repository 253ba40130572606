import { describe, expect, test } from "vitest";
import {
  type Requirements,
  RolloutState,
  type Stage,
  Strategy,
} from "#gen/tripmesh/rollout/v1/rollout.ts";
import { StartRolloutRequest } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import { fromSeconds, toSeconds } from "#kit/rpc/amounts.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { firstTraffic, modelServices } from "#kit/traffic/traffic.ts";
import { planOf } from "./evidence-judge.ts";
import { defaultRequirements, presetStages, withDefaults } from "./presets.ts";
import { checkService, planRollout } from "./start.ts";
import { BEGAN, stage } from "./testing/rollouts.ts";

const facts = {
  now: BEGAN,
  eventTime: new Date("2021-02-01T12:00:00Z"),
  async digestOf(version: string) {
    if (!["v1", "v2", "v2.1"].includes(version)) {
      throw new MeshError("NOT_FOUND", `there is no bundle ${version}`);
    }
    return (version === "v1" ? "a" : "b").repeat(64);
  },
};
const traffic = firstTraffic("duration");

type Change = Omit<Partial<StartRolloutRequest>, "stages" | "requirements"> & {
  readonly stages?: readonly Partial<Stage>[];
  readonly requirements?: Partial<Requirements>;
};

function plan(change: Change = {}) {
  const request = StartRolloutRequest.fromPartial({
    requestId: "r1",
    service: "duration",
    version: "v2",
    strategy: Strategy.CANARY,
    who: "me",
    why: "it is time",
    ...(change as object),
  });
  return planRollout(request, traffic, facts, () => "1");
}

test("a start is frozen as a rollout with everything that decides about it", async () => {
  const rollout = await plan();
  expect(rollout).toMatchObject({
    rolloutId: "duration-v2-1",
    candidateSlot: "green",
    candidateDigest: "b".repeat(64),
    liveVersion: "v1",
    liveDigest: "a".repeat(64),
    salt: "duration-v2-1",
    state: RolloutState.RUNNING,
    currentStage: 0,
    startEventTime: facts.eventTime,
    createTime: BEGAN,
    requirements: defaultRequirements("duration"),
  });
  expect(rollout.decisions).toMatchObject([{ who: "me", what: "start", why: "it is time" }]);
});

test("the candidate goes where the live version is not; in a rolling release where it is", async () => {
  const green = { ...traffic, blue: traffic.green, green: traffic.blue };
  const request = { requestId: "r", service: "duration", version: "v2", who: "me" };
  const at = async (strategy: Strategy) =>
    planRollout(StartRolloutRequest.fromPartial({ ...request, strategy }), green, facts);
  expect((await at(Strategy.CANARY)).candidateSlot).toBe("blue");
  const rolling = await at(Strategy.ROLLING);
  expect(rolling.candidateSlot).toBe("green");
  expect(rolling.salt).toBe(traffic.salt); // nobody's answer comes from another slot
});

test("a version with a dot makes an id that is one token of a subject", async () => {
  const rollout = await plan({ version: "v2.1" });
  expect(rollout).toMatchObject({ rolloutId: "duration-v2_1-1", candidateVersion: "v2.1" });
});

describe("is refused, with the field", () => {
  const hour = fromSeconds(3600);
  test.each<[string, Change, RegExp]>([
    ["a request without an id", { requestId: "" }, /request_id: is required/],
    ["nobody", { who: "" }, /who: is required/],
    ["no strategy and no stages", { strategy: Strategy.UNSPECIFIED }, /strategy: or stages/],
    ["a path as a version", { version: "../v2" }, /version: must be/],
    ["25 hours of the day", { requirements: { minHoursOfDay: 25 } }, /min_hours_of_day.*no more/],
    ["certainty of a coin", { requirements: { alpha: 0.5 } }, /requirements.alpha: .*0\.2/],
    ["one trip to fail", { requirements: { minTripsToFail: 1 } }, /min_trips_to_fail: .*2/],
    [
      "fewer trips to pass than to fail",
      { requirements: { minTripsToFail: 50, minTripsToPass: 20 } },
      /min_trips_to_pass: must not be below/,
    ],
    ["a negative cap", { requirements: { lossCap: -1 } }, /loss_cap/],
    [
      "a stage without a deadline",
      { stages: [{ weight: 5 }] },
      /stages\[0\].deadline: is required/,
    ],
    [
      "a stage that ends before it may",
      { stages: [{ weight: 5, bake: hour, deadline: fromSeconds(60) }] },
      /stages\[0\].deadline: must be above bake/,
    ],
    ["weight above all", { stages: [{ ...stage(0), weight: 10_001 }] }, /stages\[0\].weight/],
    ["riders moved back", { stages: [stage(500), stage(100)] }, /stages\[1\].weight: .*back/],
    ["a mirror beside weight", { stages: [stage(500, 100)] }, /stages\[0\].mirror/],
    ["a shadow with weight", { strategy: Strategy.SHADOW, stages: [stage(1)] }, /stages: .*shadow/],
    ["weight in a rolling release", { strategy: Strategy.ROLLING, stages: [stage(1)] }, /rolling/],
    ["a canary by segment", { bySegment: true }, /by_segment: is for A\/B only/],
    [
      "half a segment",
      { bySegment: true, strategy: Strategy.AB, stages: [stage(5_000)] },
      /stages: .*all riders of the segment/,
    ],
    [
      "a mirror for a consumer",
      { service: "tip", stages: [stage(0, 100)] },
      /consumers see every event/,
    ],
  ])("%s", async (_, change, message) => {
    await expect(plan(change)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    });
  });

  test("every problem at once", async () => {
    await expect(plan({ who: "", requirements: { alpha: 1, margin: 2 } })).rejects.toMatchObject({
      violations: [
        { field: "who" },
        { field: "requirements.margin" },
        { field: "requirements.alpha" },
      ],
    });
  });

  test("the live version, an unknown one, an unknown service, and shared traffic", async () => {
    await expect(plan({ version: "v1" })).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: "duration v1 is live already",
    });
    await expect(plan({ version: "v9" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(() => checkService("weather")).toThrow(/must be one of duration, /);
    const shared = {
      ...traffic,
      blue: { ...traffic.blue, weight: 9_000 } as never,
      green: { ...traffic.green, weight: 1_000, version: "v2" } as never,
    };
    const request = StartRolloutRequest.fromPartial({ service: "duration", version: "v3" });
    await expect(planRollout(request, shared, facts)).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringContaining("(blue 9000, green 1000): give one slot all of it first"),
    });
  });
});

describe("presets", () => {
  const strategies = [
    Strategy.CANARY,
    Strategy.BLUE_GREEN,
    Strategy.SHADOW,
    Strategy.AB,
    Strategy.ROLLING,
  ];

  test.each(modelServices)("of %s can be started and judged", async (service) => {
    for (const strategy of strategies) {
      const request = { requestId: "r", service, version: "v2", who: "me", strategy };
      const rollout = await planRollout(
        StartRolloutRequest.fromPartial(request),
        firstTraffic(service),
        facts,
      );
      expect(() => planOf(rollout)).not.toThrow();
      expect(rollout.stages.length).toBeGreaterThan(0);
    }
  });

  test("keep what makes a strategy itself", () => {
    const weights = (strategy: Strategy, service: "duration" | "tip" = "duration") =>
      presetStages(strategy, service).map(({ weight }) => weight);
    expect(weights(Strategy.CANARY)).toEqual([100, 500, 2_500, 5_000, 10_000]);
    expect(weights(Strategy.CANARY, "tip")).toEqual([500, 2_500, 5_000, 10_000]);
    expect(weights(Strategy.BLUE_GREEN)).toEqual([10_000]);
    expect(weights(Strategy.SHADOW)).toEqual([0]);
    expect(presetStages(Strategy.AB, "duration", true)[0]?.weight).toBe(10_000);
    expect(presetStages(99 as never, "duration")).toEqual([]);
  });

  test("a plan's own requirements stay, what it leaves out is the default", () => {
    const given = { ...defaultRequirements("tip"), margin: 0.1, minTripsToPass: 0 };
    const filled = withDefaults("tip", { ...given, maturity: fromSeconds(60) });
    expect(filled).toMatchObject({ margin: 0.1, minTripsToPass: 1_000, lossCap: 10 });
    expect(toSeconds(filled.maturity)).toBe(60);
    expect(withDefaults("cost", undefined)).toEqual(defaultRequirements("cost"));
  });
});
