import fc from "fast-check";
import { expect, test } from "vitest";
import { firstTraffic } from "#kit/traffic/traffic.ts";
import { wantedTraffic } from "./wanted.ts";

const now = { ...firstTraffic("tip"), revision: 7n };
const nothing = { weights: {}, mirrors: {}, segments: undefined };
const weights = ({ blue, green }: ReturnType<typeof wantedTraffic>) => [
  blue?.weight,
  green?.weight,
];
const segments = ({ blue, green }: ReturnType<typeof wantedTraffic>) => [
  blue?.segmentWeight,
  green?.segmentWeight,
];

test("what is not named stays as it is", () => {
  expect(wantedTraffic(now, nothing)).toEqual(now);
  const green = { green: 10_000 };
  expect(wantedTraffic(now, { ...nothing, mirrors: green })).toMatchObject({
    blue: { weight: 10_000, mirror: 0 },
    green: { weight: 0, mirror: 10_000 },
    revision: 7n,
  });
});

test("one weight says the other, and two are both taken at their word", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10_000 }),
      fc.integer({ min: 0, max: 10_000 }),
      (a, b) => {
        expect(weights(wantedTraffic(now, { ...nothing, weights: { green: a } }))).toEqual([
          10_000 - a,
          a,
        ]);
        expect(weights(wantedTraffic(now, { ...nothing, weights: { blue: a, green: b } }))).toEqual(
          [a, b],
        );
      },
    ),
  );
});

test("a segment is shared apart, stays so, and is like all others again", () => {
  const apart = wantedTraffic(now, { ...nothing, segments: { green: 10_000 } });
  expect(segments(apart)).toEqual([0, 10_000]);
  expect(segments(wantedTraffic(apart, { ...nothing, weights: { green: 5 } }))).toEqual([
    0, 10_000,
  ]);
  const over = wantedTraffic(apart, { ...nothing, segments: "none" });
  expect(segments(over)).toEqual([undefined, undefined]);
});
