// The short form of the proof: a few starts on a made-up month, and on the recorded one where it is there.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readRides } from "../../../../cli/evaluate/rides.ts";
import { recordedTripsDir } from "../../../../cli/up/replay.ts";
import { createRandom } from "../../../../simulator/random.ts";
import { type Answers, createScoring } from "./answers.ts";
import { createMonth, type Month } from "./month.ts";
import type { Expected, Pair } from "./pair.ts";
import { prove } from "./prove.ts";
import { report } from "./report.ts";
import type { Summary } from "./summary.ts";
import { meanLoss, worsen } from "./worsen.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const recorded = join(recordedTripsDir(root), "green_tripdata_2021-02.parquet");

function short(month: Month, pairs: readonly Pair[], starts: number): Summary[] {
  const limits = { mostTrips: 5_000, mostSplitTrips: 200 };
  return prove(month, pairs, { starts, long: starts, seed: 1, told: () => {}, ...limits });
}

describe("a made-up month", () => {
  const COUNT = 12_000;
  const random = createRandom("proof.test");
  const truth = Float64Array.from({ length: COUNT }, () =>
    Math.min(60, Math.max(1, 13 * Math.exp(0.6 * random.normal()))),
  );
  const value = Float32Array.from(truth, (minutes) => minutes * Math.exp(0.3 * random.normal()));
  const base: Answers = {
    value,
    lower: value.map((x) => 0.6 * x),
    upper: value.map((x) => 1.5 * x),
  };
  const month = createMonth({
    count: COUNT,
    pickupLocalSeconds: BigInt64Array.from({ length: COUNT }, (_, i) =>
      BigInt(1_612_137_600 + i * 40),
    ),
    minutes: truth,
  });
  const worse = (by: number, seed = "noise") => worsen(base, { truth, cap: 30, by, seed });
  const pair = (name: string, candidate: Answers, expected: Expected): Pair => ({
    name,
    service: "dynamic-duration",
    base,
    candidate,
    truth,
    expected,
    isLong: false,
  });

  test("noise makes it as much worse as was asked for", () => {
    const loss = (answers: Answers) => meanLoss(answers.value, truth, 30);
    expect(loss(worse(0.1)) / loss(base)).toBeCloseTo(1.1, 3);
  });

  test("bad candidates fail, equal ones pass, and the report says so", () => {
    const pairs = [
      pair("20 % worse", worse(0.2), "FAIL"),
      pair("identical copy", base, "PASS"),
      { ...pair("as bad", worse(0.05, "other"), "PASS"), base: worse(0.05) },
    ];
    const summaries = short(month, pairs, 5);
    const [bad, copy, equal] = summaries as [Summary, Summary, Summary];
    expect(bad.judge).toMatchObject({ fail: 5, gates: { "realised error": 5 } });
    expect(bad.judge.trips.median).toBeLessThan(500);
    expect(bad.judge.finishedRiders.median).toBeLessThan(30);
    expect(copy.judge.pass).toBe(5);
    expect(copy.judge.trips.median).toBeGreaterThan(24 * 80); // not before a day of its 90 trips an hour
    expect(equal.judge.fail).toBe(0);
    const text = report(summaries);
    expect(text).toContain("| dynamic-duration 20 % worse | +20.0 % | 5 | 100.0 % | 0 of 5");
    expect(text).toContain("| dynamic-duration identical copy | +0.0 % | 5 | 100.0 % | 0 of 5");
  });

  test("the same seed gives the same result", () => {
    const once = () => short(month, [pair("20 % worse", worse(0.2), "FAIL")], 2);
    expect(once()).toEqual(once());
  });

  test("a month that is too short is refused", () => {
    expect(() => prove(month, [], { starts: 1, long: 1, seed: 1, told: () => {} })).toThrow(
      "too few",
    );
  });
});

describe.skipIf(!existsSync(recorded))("the recorded month", () => {
  let cacheDir: string;
  beforeAll(() => {
    cacheDir = mkdtempSync(join(tmpdir(), "proof-"));
  });
  afterAll(() => rmSync(cacheDir, { recursive: true }));

  test("the two broken versions of duration are stopped, an identical copy is not", async () => {
    const rides = await readRides(recorded);
    const score = createScoring(rides, {
      modelsDir: join(root, "models"),
      cacheDir,
      isMetered: false,
    });
    const base = await score("duration/v2");
    const of = (candidate: Answers, expected: Expected): Pair => ({
      name: expected,
      service: "duration",
      base,
      candidate,
      truth: rides.minutes,
      price: rides.costUsd,
      expected,
      isLong: false,
    });
    const pairs = [
      of(await score("duration/v3-utc"), "FAIL"),
      of(await score("duration/v4-zones"), "FAIL"),
      of(base, "PASS"),
    ];
    const [utc, zones, copy] = short(createMonth(rides), pairs, 4) as [Summary, Summary, Summary];
    expect([utc.judge.fail, zones.judge.fail, copy.judge.pass]).toEqual([4, 4, 4]);
    // Four starts are no median: that of a hundred is the command's to report. At night utc is hardly wrong.
    expect(utc.judge.trips.ninety).toBeLessThan(2_500);
    expect(zones.judge.trips.ninety).toBeLessThanOrEqual(200);
    expect(await score("duration/v2")).toEqual(base); // from the cache, the same bits
  }, 120_000);
});
