import { describe, expect, test } from "vitest";
import { Prediction, PredictionRole } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { fromMinutes, fromUsd } from "#kit/rpc/amounts.ts";
import { armOf } from "#kit/traffic/arm.ts";
import { firstTraffic } from "#kit/traffic/traffic.ts";
import { planFor, START_MS, versions } from "./judge/testing/facts.ts";
import { factOfPrediction, factsOfEvent } from "./to-facts.ts";

const duration = planFor({ service: "duration" });
const tip = planFor({ service: "tip" });
const traffic = (revision: bigint, green: number): Traffic => {
  const { blue, green: other, ...rest } = firstTraffic("duration");
  return {
    ...rest,
    revision,
    salt: "s",
    blue: { ...blue, weight: 10_000 - green } as never,
    green: { ...other, version: "v2", weight: green } as never,
  };
};
const estimate = {
  duration: fromMinutes(12),
  lower: fromMinutes(8),
  upper: fromMinutes(20),
  price: fromUsd(15.5),
  digest: versions.base.digest,
  slot: "blue",
  version: "v1",
};

function requested(change: Parameters<typeof TripEvent.fromPartial>[0] = {}) {
  return TripEvent.fromPartial({
    tripId: "t",
    riderId: "rider",
    seq: 1,
    occurredAt: new Date(START_MS),
    trafficRevision: 5n,
    features: { pickupLocalSeconds: 8n * 3600n + 120n },
    arms: { tip: "green" },
    body: { $case: "requested", value: { estimate, featureHash: Buffer.from([1, 255]) } },
    ...change,
  } as never);
}

describe("a request", () => {
  test("tells who asked, when, at which hour, and what was shown", () => {
    expect(factsOfEvent(requested(), duration, [traffic(5n, 0)])).toEqual([
      {
        kind: "requested",
        tripId: "t",
        riderId: "rider",
        atMs: START_MS,
        hour: 8,
        revision: 5,
        assigned: "base",
      },
      {
        kind: "scored",
        tripId: "t",
        seq: 1,
        atMs: START_MS,
        digest: versions.base.digest,
        slot: "blue",
        role: "live",
        value: 12,
        lower: 8,
        upper: 20,
        intervalScale: 1,
        price: 15.5,
        featureHash: "01ff",
      },
    ]);
  });

  test("to a consumer has the arm that is on the event, and no estimate", () => {
    expect(factsOfEvent(requested(), tip, [])).toMatchObject([{ assigned: "candidate" }]);
    const other = requested({ arms: { tip: "blue" } } as never);
    expect(factsOfEvent(other, tip, [])).toMatchObject([{ assigned: "base" }]);
  });

  test("is shared by the traffic of its revision, not by a later one", () => {
    const all = [traffic(3n, 0), traffic(5n, 10_000), traffic(8n, 0)];
    const at = (trafficRevision: bigint) =>
      factsOfEvent(requested({ trafficRevision } as never), duration, all)[0];
    expect(at(4n)).toMatchObject({ assigned: "base" });
    expect(at(5n)).toMatchObject({ assigned: "candidate" });
    expect(at(7n)).toMatchObject({ assigned: "candidate" });
    expect(at(9n)).toMatchObject({ assigned: "base" });
    expect(at(1n)).toMatchObject({ assigned: "base" }); // before the rollout
  });

  test("is assigned as Envoy's formula says", () => {
    for (let i = 0; i < 200; i++) {
      const riderId = `rider-${i}`;
      const [fact] = factsOfEvent(requested({ riderId } as never), duration, [traffic(5n, 2_500)]);
      const arm = armOf("s", riderId, 7_500) === "green" ? "candidate" : "base";
      expect(fact).toMatchObject({ assigned: arm });
    }
  });

  test("by segment goes where the segment says", () => {
    const plan = planFor({ service: "duration", assignment: "segment" });
    expect(factsOfEvent(requested({ segment: "b" } as never), plan, [])[0]).toMatchObject({
      assigned: "candidate",
    });
    expect(factsOfEvent(requested(), plan, [])[0]).toMatchObject({ assigned: "base" });
  });

  test("answered from the baseline has no estimate to be judged", () => {
    const body = {
      $case: "requested",
      value: { estimate: { ...estimate, degraded: true }, featureHash: Buffer.alloc(0) },
    };
    expect(factsOfEvent(requested({ body } as never), duration, [])).toMatchObject([
      { kind: "requested", isDegraded: true },
    ]);
  });
});

describe("an end", () => {
  const completed = (truth: object) =>
    requested({ body: { $case: "completed", value: { truth } } } as never);
  const truth = { actualDuration: fromMinutes(15), cost: fromUsd(20), tip: fromUsd(3) };

  test("tells the truth in the unit of the service", () => {
    const of = (plan: typeof duration) => factsOfEvent(completed(truth), plan, []);
    expect(of(duration)).toMatchObject([{ kind: "completed", truth: { value: 15, price: 20 } }]);
    expect(of(tip)).toMatchObject([{ truth: { value: 3 } }]);
    expect(of(planFor({ service: "cost" }))).toMatchObject([{ truth: { value: 20 } }]);
  });

  test("without a recorded tip is no tip of 0", () => {
    const { tip: _, ...cash } = truth;
    expect(factsOfEvent(completed(cash), tip, [])).toMatchObject([{ truth: {} }]);
  });
});

describe("a prediction", () => {
  const prediction = (change: Partial<Prediction> = {}) =>
    Prediction.fromPartial({
      tripId: "t",
      service: "tip",
      eventSeq: 3,
      digest: versions.candidate.digest,
      slot: "green",
      role: PredictionRole.SHADOW,
      value: 2.5,
      lower: 1,
      upper: 4,
      intervalScale: 1.2,
      priceUsd: 9,
      featureHash: Buffer.from([16]),
      occurredAt: new Date(START_MS),
      ...change,
    } as never);

  test("is a score of its event", () => {
    expect(factOfPrediction(prediction(), tip)).toEqual({
      kind: "scored",
      tripId: "t",
      seq: 3,
      atMs: START_MS,
      digest: versions.candidate.digest,
      slot: "green",
      role: "shadow",
      value: 2.5,
      lower: 1,
      upper: 4,
      intervalScale: 1.2,
      featureHash: "10",
    });
  });

  test("of duration is one a trip, with its price; the live one is on the event", () => {
    const of = (role: PredictionRole) =>
      factOfPrediction(prediction({ service: "duration", role }), duration);
    expect(of(PredictionRole.HINDSIGHT)).toMatchObject({ seq: 1, price: 9, role: "hindsight" });
    expect(of(PredictionRole.SHADOW)).toMatchObject({ seq: 1, role: "shadow" });
    expect(of(PredictionRole.LIVE)).toBeUndefined();
  });

  test("of another service, or without a role, is nothing", () => {
    expect(factOfPrediction(prediction({ service: "cost" }), tip)).toBeUndefined();
    expect(factOfPrediction(prediction({ role: PredictionRole.UNSPECIFIED }), tip)).toBeUndefined();
  });
});
