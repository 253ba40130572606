// Two runs of one job at the same time: on one machine one is refused; where they do not know of each other they
// write the same rows, and each row is there once.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDestination } from "../../services/batch/destination/destination.ts";
import { takeExclusive } from "../../services/batch/destination/exclusive.ts";
import {
  type Bench,
  monthJob,
  openBench,
  publishedRows,
  rowsDigest,
  runJob,
  runsOf,
  writeMonth,
} from "../../services/batch/testing/batch-under-test.ts";
import { startPostgres, type TestPostgres } from "../harness/postgres.ts";
import { meshBatch, writeJob } from "./batch-process.ts";

const ROWS = 4_000;
const RUN = ["run", "month", "--from", "2021-01", "--json"];
let dir = "";
let postgres: TestPostgres;
let bench: Bench;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tripmesh-batch-two-"));
  [postgres, bench] = await Promise.all([startPostgres(), openBench()]);
  await writeMonth(
    join(dir, "month.parquet"),
    Array.from({ length: ROWS }, () => ({})),
  );
});
afterAll(async () => {
  await bench.close();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
});
const jobInto = (url: string) => monthJob(`parquet:${join(dir, "month.parquet")}`, url);

test.each(["sqlite", "parquet", "postgres"])(
  "that do not know of each other, into %s",
  async (kind) => {
    const url = {
      sqlite: `sqlite:${join(dir, "two.db")}`,
      parquet: `parquet:${join(dir, "two")}`,
      postgres: postgres.url,
    }[kind];
    const job = jobInto(url ?? "");
    await writeJob(dir, job);
    const ended = await Promise.all(
      ["one", "two"].map((name) => meshBatch(dir, [...RUN, "--data-dir", join(dir, kind, name)])),
    );
    expect(ended.map(({ code, err }) => [code, err])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    const results = ended.map(({ out }) => JSON.parse(out) as { runId: string; rows: number });
    expect(results.map(({ rows }) => rows)).toEqual([ROWS, ROWS]);
    expect(results[0]?.runId).toBe(results[1]?.runId);
    expect((await runsOf(job)).map(({ state }) => state)).toEqual(["published"]);

    const alone = jobInto(`sqlite:${join(dir, `alone-${kind}.db`)}`);
    await runJob(alone, bench, { workDir: join(dir, `alone-${kind}`) });
    expect(rowsDigest(await publishedRows(job))).toBe(rowsDigest(await publishedRows(alone)));
  },
);

test("on one data directory: the second is refused and says why", async () => {
  const job = jobInto(`sqlite:${join(dir, "same.db")}`);
  await writeJob(dir, job);
  const lock = takeExclusive(join(dir, "same/batch/month/lock.db"), 0);
  try {
    const refused = await meshBatch(dir, [...RUN, "--data-dir", join(dir, "same")]);
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toContain("month is running in another process");
  } finally {
    lock?.release();
  }
  expect(await meshBatch(dir, [...RUN, "--data-dir", join(dir, "same")])).toMatchObject({
    code: 0,
  });
});

test("an older run that comes to its end late does not take the place of a newer one", async () => {
  const job = jobInto(`sqlite:${join(dir, "late.db")}`);
  const newer = jobInto(job.destination.url);
  const results = await openDestination(job.destination.url, Date.now);
  try {
    let isNewerDone = false;
    const late = runJob(job, bench, {
      workDir: join(dir, "late-1"),
      codeVersion: "old",
      openScorers: async () => {
        await runJob(newer, bench, { workDir: join(dir, "late-2"), codeVersion: "new" });
        isNewerDone = true;
        return [bench.scorer];
      },
    });
    await expect(late).rejects.toThrow("is abandoned: another one took its place");
    expect(isNewerDone).toBe(true);
    expect((await results.runs()).map(({ state }) => state)).toEqual(["published", "abandoned"]);
    expect(await publishedRows(newer)).toHaveLength(ROWS);
    const again = runJob(job, bench, {
      workDir: join(dir, "late-1"),
      codeVersion: "old",
      resume: true,
    });
    await expect(again).rejects.toThrow("is abandoned: run its window without --resume");
  } finally {
    await results.close();
  }
});
