import { expect, test } from "vitest";
import { Estimate } from "#gen/tripmesh/backend/v1/ride.ts";
import type { Prediction } from "#gen/tripmesh/events/v1/prediction.ts";
import { TripEvent } from "#gen/tripmesh/events/v1/trip_event.ts";
import { fromMinutes, fromSeconds, fromUsd } from "#kit/rpc/amounts.ts";
import { storyLines } from "../../cli/output/story-text.ts";
import { prediction } from "../gateway-under-test.ts";
import { type Saying, tellStory } from "./story.ts";

const digests = { v1: "1".repeat(64), v2: "2".repeat(64) };
const estimate: Estimate = {
  ...Estimate.create(),
  ...{ duration: fromMinutes(10), lower: fromMinutes(8), upper: fromMinutes(13) },
  ...{ version: "v1", slot: "blue", digest: digests.v1 },
};

function event(seq: number, body: NonNullable<TripEvent["body"]>): TripEvent {
  return {
    ...TripEvent.create(),
    ...{
      eventId: `t:${seq}`,
      tripId: "t",
      seq,
      occurredAt: new Date("2021-02-01T13:00:00Z"),
      body,
    },
    features: {
      ...{ pickupZone: 74, dropoffZone: 236, pickupLocalSeconds: 1_612_166_400n },
      ...{ tripDistanceMiles: 2.5, passengerCount: undefined },
    },
  };
}

const requested = event(1, {
  $case: "requested",
  value: { estimate, featureHash: Buffer.alloc(0) },
});
const started = event(2, { $case: "started", value: { estimate } });
const progressed = event(3, {
  $case: "progressed",
  value: {
    ...{ estimate, shareDone: 0.5, elapsed: fromSeconds(360) },
    ...{ previousShareDone: 0, previousElapsed: fromSeconds(0) },
  },
});
const completed = event(4, {
  $case: "completed",
  value: {
    ...{ estimate, lastDurationSeq: 3, lastPriceSeq: 3 },
    truth: {
      actualDuration: fromMinutes(12),
      cost: fromUsd(20),
      tip: undefined,
      distanceMiles: 2.5,
    },
  },
});

const said = (seq: number, value: number, version: "v1" | "v2"): Prediction => ({
  ...prediction("t", seq, "dynamic-duration", value),
  ...{ version, digest: digests[version] },
});
const plain = <T>(what: T) => ({ what, traceId: "" });

test("each correction stands with its event, what is different from before, and which version said it", () => {
  const story = tellStory(
    [completed, progressed, started, requested, started].map(plain), // any order, some twice
    [said(3, 12.5, "v2"), said(2, 11, "v1"), said(2, 11, "v1")].map(plain),
  );
  const durations = story?.chapters.flatMap(({ seq, sayings }) =>
    sayings.map(({ value, change, changedInputs, isOtherVersion }) => ({
      ...{ seq, value, change, changedInputs, isOtherVersion },
    })),
  );
  expect(durations).toEqual([
    { seq: 1, value: 10, change: undefined, changedInputs: [], isOtherVersion: false },
    { seq: 2, value: 11, change: 1, changedInputs: [], isOtherVersion: false },
    {
      ...{ seq: 3, value: 12.5, change: 1.5, isOtherVersion: true },
      changedInputs: ["elapsed_seconds", "share_done"],
    },
  ]);
  expect(story?.truth).toEqual({ minutes: 12, costUsd: 20, tipUsd: Number.NaN });
});

test("a person reads why", () => {
  const story = tellStory(
    [requested, started, progressed, completed].map(plain),
    [said(2, 11, "v1"), said(3, 12.5, "v2")].map(plain),
  );
  const proof = ({ version }: Saying) => (version === "v1" ? true : undefined);
  const lines = story ? storyLines(story, proof) : [];
  expect(lines).toContain("3. progressed, 2021-02-01 08:00 in New York");
  expect(lines.find((line) => line.includes("12.5 min"))).toMatch(/, \+1\.5 min$/);
  expect(lines.find((line) => line.includes("because"))?.trim()).toBe(
    "because another version, and elapsed_seconds 360, share_done 0.500 (the rest as before)",
  );
  expect(lines.filter((line) => line.includes("by their hash"))).toHaveLength(2);
  expect(lines.slice(-2)).toEqual([
    "truth: 12.0 min, $20.00, tip not known",
    "the first estimate was 2.0 min too short, the last correction 0.5 min too long",
  ]);
});

test("a baseline's estimate has no model behind it, and a trip without events no story", () => {
  const degraded = event(1, {
    $case: "requested",
    value: {
      estimate: { ...estimate, degraded: true, version: "baseline" },
      featureHash: Buffer.alloc(0),
    },
  });
  const story = tellStory([plain(degraded)], []);
  expect(story?.chapters[0]?.sayings[0]?.inputs).toBeUndefined();
  expect(story && storyLines(story, () => undefined).join("\n")).toContain("no model answered");
  expect(tellStory([], [])).toBeUndefined();
});
