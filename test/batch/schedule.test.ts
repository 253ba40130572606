// `mesh batch schedule` as a process: runs what is due, waits for the next time, ends at a signal.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastWindow } from "../../services/batch/job/window.ts";
import {
  drawRide,
  monthJob,
  publishedRows,
  root,
  runsOf,
  writeMonth,
} from "../../services/batch/testing/batch-under-test.ts";
import { until } from "../harness/until.ts";
import { writeJob } from "./batch-process.ts";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tripmesh-batch-schedule-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("a schedule runs the window that is due, waits, and ends with 0 at SIGTERM", async () => {
  const source = `parquet:${join(dir, "{yyyy}-{MM}.parquet")}`;
  const job = monthJob(source, `sqlite:${join(dir, "results.db")}`, {
    schedule: { cron: "0 3 1 * *" }, // the first of each month
  });
  await writeJob(dir, job);
  const window = lastWindow("month", Date.now() - 86_400_000); // on the 1st before 3:00 the one before is due
  for (const month of [window, lastWindow("month", Date.now())]) {
    const name = `${new Date(month.fromMs).toISOString().slice(0, 7)}.parquet`;
    const rides = Array.from({ length: 50 }, (_, i) => ({
      pickup: new Date(month.fromMs + ((drawRide(i).pickup as Date).getTime() % 86_400_000)),
    }));
    await writeMonth(join(dir, name), rides);
  }
  const child = spawn(process.execPath, [join(root, "cli/main.ts"), "batch", "schedule"], {
    cwd: dir,
    env: { ...process.env, NO_COLOR: "1", MESH_BATCH_JOBS: join(dir, "jobs") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  const ended = once(child, "exit");
  try {
    await until("the next time is said", () => out.includes("next: month at "), 60_000);
    expect(out).toContain("published  50 rows");
  } finally {
    child.kill("SIGTERM");
  }
  expect(await ended).toEqual([0, null]);
  expect(await publishedRows(job)).toHaveLength(50);
  expect((await runsOf(job)).map(({ state }) => state)).toEqual(["published"]);
});
