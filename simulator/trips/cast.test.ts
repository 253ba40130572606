import { describe, expect, test } from "vitest";
import { castRow } from "./cast.ts";
import { createNewYorkClock } from "./new-york.ts";
import type { Row } from "./read-rows.ts";

const clock = createNewYorkClock();
const wall = (time: string) => new Date(`${time}Z`);

/** As 2021 has it: zones INT64, the rest DOUBLE. */
const row: Row = {
  lpep_pickup_datetime: wall("2021-02-01T08:00:00"),
  lpep_dropoff_datetime: wall("2021-02-01T08:10:30"),
  PULocationID: 74n,
  DOLocationID: 236n,
  passenger_count: 2,
  trip_distance: 2.5,
  total_amount: 14.3,
  tip_amount: 2,
  payment_type: 1,
};

const cast = (changes: Row = {}, month = "2021-02") =>
  castRow({ ...row, ...changes }, { month, row: 7 }, clock);

describe("a row", () => {
  test("becomes a trip with UTC times, and its tip taken out of the cost", () => {
    expect(cast()).toEqual({
      id: "green-2021-02-7",
      row: 7,
      pickupMs: Date.UTC(2021, 1, 1, 13),
      durationSeconds: 630,
      pickupZone: 74,
      dropoffZone: 236,
      passengerCount: 2,
      distanceMiles: 2.5,
      costUsd: 12.3,
      tipUsd: 2,
    });
  });

  test("means the same with the types of another month", () => {
    const types = { PULocationID: 74, DOLocationID: 236, passenger_count: 2n, payment_type: 1n };
    expect(cast(types)).toEqual(cast());
  });

  test("has neither passengers nor a known tip when the ride was dispatched", () => {
    const trip = cast({ passenger_count: null, payment_type: null });
    expect(trip).toMatchObject({ passengerCount: undefined, tipUsd: undefined, costUsd: 12.3 });
  });

  test("has no known tip when it was paid in cash, and a tip of 0 when a card gave none", () => {
    expect(cast({ payment_type: 2, tip_amount: 0 })?.tipUsd).toBeUndefined();
    expect(cast({ tip_amount: 0 })?.tipUsd).toBe(0);
  });

  test.each([0, -1, 100.1, 244_152, Number.NaN, null])(
    "has no distance when the meter says %s",
    (miles) => {
      expect(cast({ trip_distance: miles })?.distanceMiles).toBeUndefined();
    },
  );
});

describe("a row is dropped", () => {
  test.each<[string, Row]>([
    ["a stray from another month", { lpep_pickup_datetime: wall("2009-01-01T00:00:00") }],
    ["without a time", { lpep_pickup_datetime: null }],
    ["under a minute", { lpep_dropoff_datetime: wall("2021-02-01T08:00:59") }],
    ["over three hours", { lpep_dropoff_datetime: wall("2021-02-01T11:00:01") }],
    ["from an unknown zone", { PULocationID: 264 }],
    ["to a zone that is not there", { DOLocationID: 266n }],
    ["to no zone", { DOLocationID: null }],
    ["a refund", { total_amount: -14.3 }],
    ["all tip", { total_amount: 2 }],
  ])("when it is %s", (_, changes) => {
    expect(cast(changes)).toBeUndefined();
  });

  test("when the clock changed on the way, because nobody knows how long that took", () => {
    const night = {
      lpep_pickup_datetime: wall("2021-03-14T01:50:00"),
      lpep_dropoff_datetime: wall("2021-03-14T03:10:00"),
    };
    expect(cast(night, "2021-03")).toBeUndefined();
  });
});
