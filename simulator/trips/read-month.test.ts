import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findMonthFiles } from "./month-file.ts";
import { createNewYorkClock } from "./new-york.ts";
import { readMonth } from "./read-month.ts";
import { byPickup } from "./trip.ts";

const recorded = fileURLToPath(new URL("../../../shared/data/trips", import.meta.url));
const clock = createNewYorkClock();

describe.skipIf(!existsSync(recorded))("the recorded months", () => {
  const files = existsSync(recorded) ? findMonthFiles(recorded) : [];
  const expected: Record<string, number> = { "2021-02": 64_572, "2023-02": 64_809 };

  test.each(files.filter(({ month }) => month in expected))("are read: $month", async (file) => {
    const { trips, rows } = await readMonth(file, clock);
    expect(rows).toBe(expected[file.month]);
    expect(trips.length).toBeGreaterThan(0.93 * rows);
    expect(trips.every((trip, i) => i === 0 || byPickup(trips[i - 1] ?? trip, trip) < 0)).toBe(
      true,
    );
    expect(new Set(trips.map((trip) => trip.id)).size).toBe(trips.length);
    const minutes = trips.reduce((sum, trip) => sum + trip.durationSeconds, 0) / 60 / trips.length;
    expect(minutes).toBeGreaterThan(13);
    expect(minutes).toBeLessThan(21);
  });
});

describe("a file that cannot be used", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "months-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("is named in one sentence", async () => {
    const path = join(folder, "green_tripdata_2021-02.parquet");
    writeFileSync(path, "no parquet at all, but long enough to look for its end");
    await expect(readMonth({ path, month: "2021-02" }, clock)).rejects.toThrow(
      `${path} is not a parquet file.`,
    );
  });

  test("is refused by its name, and so are an empty folder and a missing path", () => {
    const path = join(folder, "yellow.parquet");
    writeFileSync(path, "");
    expect(() => findMonthFiles(path)).toThrow(
      "is not a file named green_tripdata_YYYY-MM.parquet",
    );
    rmSync(join(folder, "green_tripdata_2021-02.parquet"), { force: true });
    expect(() => findMonthFiles(folder)).toThrow("holds no file named");
    expect(() => findMonthFiles(join(folder, "nowhere"))).toThrow("There are no trips at");
  });
});
