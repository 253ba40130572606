import fc from "fast-check";
import { expect, test } from "vitest";
import { prediction, tripEvent } from "./gateway-under-test.ts";
import { createRideWindow, windowDefaults } from "./ride-window.ts";
import { describeRides } from "./snapshot.ts";

const story = [
  tripEvent("t", 1, "requested"),
  prediction("t", 1, "cost", 15),
  prediction("t", 1, "tip", 3),
  tripEvent("t", 2, "started"),
  prediction("t", 2, "dynamic-duration", 11),
  tripEvent("t", 3, "progressed"),
  prediction("t", 3, "dynamic-duration", 13),
  prediction("t", 3, "cost", 16),
  tripEvent("t", 4, "completed"),
];

function tell(items: readonly (typeof story)[number][], limits = windowDefaults) {
  const window = createRideWindow(limits);
  for (const item of items) {
    if ("eventId" in item) window.event(item);
    else window.prediction(item);
  }
  return window;
}

test("a ride's line says what was promised, corrected and true", () => {
  const { lines, errors, errorsByVersion } = describeRides(tell(story));
  expect(lines).toMatchObject([
    {
      from: 74,
      to: 236,
      state: "completed",
      first: { minutes: 10, lower: 8, upper: 14, priceUsd: 15.5, version: "v1" },
      current: { minutes: 13 },
      costUsd: 16,
      tipUsd: 3,
      truth: { minutes: 12, tipUsd: null },
      error: 1,
    },
  ]);
  expect(errors).toEqual({ trips: 1, first: 2, corrected: 1 });
  expect(errorsByVersion).toEqual([{ version: "v1", trips: 1, first: 2, corrected: 1 }]);
});

test("order and repeats do not matter", () => {
  const any = fc.shuffledSubarray([...story, ...story], { minLength: story.length * 2 });
  fc.assert(
    fc.property(any, (items) => {
      expect(describeRides(tell(items))).toEqual(describeRides(tell(story)));
    }),
  );
});

test("memory is bounded: the oldest rides are forgotten", () => {
  const many = Array.from({ length: 50 }, (_, i) => [
    tripEvent(`t${i}`, 1, "requested"),
    tripEvent(`t${i}`, 4, "completed"),
  ]).flat();
  const window = tell(many, { maxRides: 10, maxFinished: 5 });
  expect(window.rides().map(({ tripId }) => tripId)).toEqual(
    Array.from({ length: 10 }, (_, i) => `t${40 + i}`),
  );
  expect(window.finished()).toHaveLength(5);
});

test("a ride under way is a dot that moves with the event clock, never back", () => {
  const window = tell([tripEvent("t", 1, "requested"), tripEvent("t", 2, "started")]);
  expect(describeRides(window).dots).toEqual([["t", 74, 236, 0]]);
  window.event(tripEvent("other", 7, "requested")); // five minutes of ten later
  expect(describeRides(window).dots).toEqual([["t", 74, 236, 0.5]]);
});
