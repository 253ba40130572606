import { expect, test } from "vitest";
import { createPositions } from "./positions.ts";

const zones = new URL("../models/zones.json", import.meta.url);

test("a position lies on the line between the centroids", () => {
  const positionOn = createPositions(zones);
  const ride = { pickupZone: 74, dropoffZone: 236 };
  const [from, half, to] = [0, 0.5, 1].map((share) => positionOn(ride, share));
  expect(from?.latitude).toBeGreaterThan(40);
  expect(half?.latitude).toBeCloseTo(((from?.latitude ?? 0) + (to?.latitude ?? 0)) / 2, 6);
  expect(half?.longitude).toBeCloseTo(((from?.longitude ?? 0) + (to?.longitude ?? 0)) / 2, 6);
});

test("nobody has a position outside the city or without the table", () => {
  expect(createPositions(zones)({ pickupZone: 74, dropoffZone: 265 }, 0.5)).toBeUndefined();
  const nowhere = createPositions(new URL("../models/nowhere.json", import.meta.url));
  expect(nowhere({ pickupZone: 74, dropoffZone: 236 }, 0.5)).toBeUndefined();
});
