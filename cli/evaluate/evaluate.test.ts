// Evaluation on a month made up by the test: what counts, what is left out, and the numbers by hand.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parquetWriteFile } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadBundle } from "#kit/model/bundle.ts";
import { type ColumnScorer, createColumnScorer } from "#kit/model/column-scorer.ts";
import { createPredictor } from "#kit/model/predictor.ts";
import { evaluate, type Situation } from "./evaluate.ts";
import { followInterval } from "./interval-over-time.ts";
import { areaUnderCurve, measure } from "./measures.ts";
import { readRides } from "./rides.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "evaluate-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

interface Trip {
  readonly pickup: string;
  readonly minutes: number;
  readonly passengers: number | null;
  readonly miles: number;
  readonly payment: number | null;
  readonly tip: number;
  readonly total: number;
}

const ordinary: Trip = {
  pickup: "2021-02-10T08:00:00",
  minutes: 12,
  passengers: 1,
  miles: 2.5,
  payment: 1,
  tip: 2,
  total: 14,
};

/** A monthly file; `type` is that of the numeric columns, which changes between real months. */
function writeMonth(trips: readonly Partial<Trip>[], type: "DOUBLE" | "INT64" = "DOUBLE"): string {
  const rows = trips.map((trip) => ({ ...ordinary, ...trip }));
  const time = (ms: (row: Trip) => number) => rows.map((row) => new Date(ms(row)));
  const start = (row: Trip) => Date.parse(`${row.pickup}Z`);
  const whole = <T>(values: readonly T[]) =>
    values.map((value) =>
      value === null ? null : type === "INT64" ? BigInt(Number(value)) : Number(value),
    );
  const filename = join(dir, "green_tripdata_2021-02.parquet");
  parquetWriteFile({
    filename,
    columnData: [
      { name: "lpep_pickup_datetime", data: time(start), type: "TIMESTAMP" },
      {
        name: "lpep_dropoff_datetime",
        data: time((row) => start(row) + row.minutes * 60_000),
        type: "TIMESTAMP",
      },
      { name: "PULocationID", data: whole(rows.map(() => 74)), type },
      { name: "DOLocationID", data: whole(rows.map(() => 236)), type },
      { name: "passenger_count", data: whole(rows.map((row) => row.passengers)), type },
      { name: "payment_type", data: whole(rows.map((row) => row.payment)), type },
      { name: "trip_distance", data: rows.map((row) => row.miles), type: "DOUBLE" },
      { name: "total_amount", data: rows.map((row) => row.total), type: "DOUBLE" },
      { name: "tip_amount", data: rows.map((row) => row.tip), type: "DOUBLE" },
    ],
  });
  return filename;
}

describe("a month", () => {
  test("is read without strays and other lengths, both ends of the range included", async () => {
    const path = writeMonth([
      { minutes: 1 },
      { minutes: 60 },
      { minutes: 0.9 },
      { minutes: 60.1 },
      { pickup: "2009-01-01T00:10:00" },
    ]);
    const rides = await readRides(path);
    expect([...rides.minutes]).toEqual([1, 60]);
    expect(rides.leftOut).toEqual({ outOfRange: 2, strays: 1 });
    expect(rides.month).toBe("2021-02");
  });

  test("has no truth for cash tips, dispatched tips, refunds and absurd totals", async () => {
    const rides = await readRides(
      writeMonth([
        {},
        { payment: 2, tip: 0 },
        { payment: null, passengers: null },
        { total: -14 },
        { total: 280, tip: 80 },
        { tip: 60, total: 90 },
      ]),
    );
    const unknown = Number.NaN;
    expect([...rides.tipUsd]).toEqual([2, unknown, unknown, unknown, unknown, unknown]);
    expect([...rides.costUsd]).toEqual([12, 14, 12, unknown, unknown, 30]);
    expect([...rides.passengerCount]).toEqual([1, 1, unknown, 1, 1, 1]);
  });

  test("reads the same whatever type its columns have", async () => {
    const { sha256: _, ...doubles } = await readRides(writeMonth([{}, { passengers: null }]));
    const { sha256: __, ...integers } = await readRides(
      writeMonth([{}, { passengers: null }], "INT64"),
    );
    expect(integers).toEqual(doubles);
  });

  test("without a ride is refused", async () => {
    await expect(readRides(writeMonth([{ minutes: 0 }]))).rejects.toThrow("holds no ride");
  });
});

describe("measures", () => {
  test("are those of a calculation by hand", () => {
    const predicted = { value: [11, 18, 5], lower: [9, 10, 1], upper: [12, 19, 9] };
    const found = measure([10, 20, 5], predicted, [0, 1], 1);
    expect(found.rides).toBe(2);
    expect(found.rmse).toBeCloseTo(Math.sqrt((1 + 4) / 2), 12);
    expect(found.mae).toBeCloseTo(1.5, 12);
    expect(found.mape).toBeCloseTo(0.1, 12);
    expect(found.bias).toBeCloseTo(-0.5, 12);
    expect(found.within).toBe(0.5);
    expect(found.coverage).toBe(0.5);
    expect(found.width).toBe(6);
  });

  test("rank: ones above zeros are 1, ties half", () => {
    const isOne = (row: number) => row >= 2;
    expect(areaUnderCurve([0.1, 0.2, 0.8, 0.9], isOne, [0, 1, 2, 3])).toBe(1);
    expect(areaUnderCurve([0.5, 0.5, 0.5, 0.5], isOne, [0, 1, 2, 3])).toBe(0.5);
    expect(areaUnderCurve([0.9, 0.1, 0.2, 0.8], isOne, [0, 1, 2, 3])).toBe(0.5);
  });
});

describe("an adaptive interval", () => {
  const minute = 60n;
  const missed = (count: number, apart: bigint, minutes: number) => ({
    pickupSeconds: BigInt64Array.from({ length: count }, (_, i) => BigInt(i) * apart * minute),
    minutes: new Float64Array(count).fill(minutes),
    truth: new Float64Array(count).fill(100),
  });
  const predicted = (count: number) => ({
    value: new Float64Array(count).fill(10),
    lower: new Float64Array(count).fill(9),
    upper: new Float64Array(count).fill(11),
  });
  const rowsOf = (count: number) => Array.from({ length: count }, (_, i) => i);
  const options = { step: 0.1, limits: {} };

  test("learns of a ride at its drop-off, not before", () => {
    // Rides a minute apart that take two hours: when the last begins, nobody has arrived.
    const during = followInterval(missed(60, 1n, 120), predicted(60), rowsOf(60), options);
    expect(during.lastScale).toBe(1);
    // Rides an hour apart that take a minute: all but the last are known when it begins.
    const after = followInterval(missed(60, 60n, 1), predicted(60), rowsOf(60), options);
    expect(after.lastScale).toBeCloseTo(Math.min(Math.exp(0.08 * 59), 4), 9);
  });

  test("stays as in the graph with step 0", () => {
    const still = followInterval(missed(60, 60n, 1), predicted(60), rowsOf(60), {
      ...options,
      step: 0,
    });
    expect(still).toMatchObject({ lastScale: 1, width: 2, coverage: 0, worstDay: 0 });
  });
});

describe("an evaluation", () => {
  const scorerOf = async (name: string) =>
    createColumnScorer(
      await loadBundle(fileURLToPath(new URL(`../../models/${name}`, import.meta.url))),
    );
  const open: ColumnScorer[] = [];
  afterAll(() => Promise.all(open.map((scorer) => scorer.close())));

  async function situationsOf(name: string, trips: readonly Partial<Trip>[]): Promise<Situation[]> {
    const scorers = await Promise.all([scorerOf(name), scorerOf("duration/v1")]);
    open.push(...scorers);
    const [scorer, estimator] = scorers;
    const rides = await readRides(writeMonth(trips));
    const needsEstimate = scorer.card.inputs.length > 5;
    return Array.fromAsync(
      evaluate(scorer, needsEstimate ? estimator : undefined, rides, {
        segments: true,
        step: 0.01,
      }),
    );
  }

  test("says what the service would say, with and without the distance", async () => {
    const trips = [{}, { passengers: null, miles: 9 }, { miles: 244_152 }];
    const [known, unknown] = await situationsOf("duration/v1", trips);
    const bundle = await loadBundle(
      fileURLToPath(new URL("../../models/duration/v1", import.meta.url)),
    );
    const predictor = await createPredictor(bundle);
    const wall = Date.parse(`${ordinary.pickup}Z`) / 1000;
    const answers = await predictor.predictAll([
      [74, 236, wall, 2.5, 1],
      [74, 236, wall, 9, Number.NaN],
      [74, 236, wall, 244_152, 1],
      [74, 236, wall, Number.NaN, 1],
    ]);
    await predictor.close();
    const errors = answers.map(({ values }) => (values[0] ?? 0) - 12);
    const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    expect(known?.populations.map(({ name }) => name)).toEqual(["all", "metered", "dispatch"]);
    expect(known?.populations[0]?.measures.bias).toBeCloseTo(mean(errors.slice(0, 3)), 5);
    expect(unknown?.populations[1]?.measures.bias).toBeCloseTo(errors[3] ?? 0, 5);
    expect(errors[2]).toBe(errors[3]); // an absurd distance is an unknown one
    expect(known?.segments?.hour.map(({ name }) => name)).toEqual(["08 h"]);
    expect(known?.segments?.distance.map(({ name }) => name)).toEqual([
      "2 to 3 mi",
      "5 to 10 mi",
      "unknown",
    ]);
    expect(known?.price?.[0]?.measures.rides).toBe(3);
  });

  test("of a ride under way begins at the estimate and comes nearer to the truth", async () => {
    const trips = Array.from({ length: 300 }, (_, i) => ({ minutes: 8 + (i % 30) }));
    const situations = await situationsOf("dynamic-duration/v1", trips);
    const known = situations.filter(({ isDistanceKnown }) => isDistanceKnown);
    expect(known.map(({ shareDone }) => shareDone)).toEqual([0, 0.25, 0.5, 0.75]);
    const errors = known.map(({ populations }) => populations[0]?.measures.mae ?? 0);
    expect(errors).toEqual(errors.toSorted((a, b) => b - a));
    expect(known[1]?.rivals.map(({ name }) => name)).toEqual([
      "elapsed + share left × estimate",
      "pace so far",
    ]);
  });

  test("of tips counts rides paid by card only", async () => {
    const [first] = await situationsOf("tip/v1", [{}, { payment: 2 }, { tip: 0, total: 12 }]);
    expect(first?.populations[0]?.measures.rides).toBe(2);
  });
});
