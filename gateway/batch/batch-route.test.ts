// Over real runs in real databases, read by the process that the gateway starts.
import { existsSync, readdirSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openPostgresClient } from "../../services/batch/destination/postgres-client.ts";
import { startPostgres } from "../../test/harness/postgres.ts";
import { until } from "../../test/harness/until.ts";
import { silent } from "../gateway-under-test.ts";
import { listen } from "../http-server.ts";
import { send } from "../releases/console-under-test.ts";
import { batchRoute } from "./batch-route.ts";
import { type BatchesUnderTest, openBatches } from "./batch-under-test.ts";
import { createReadBatch } from "./read-batch.ts";
import { type BatchReader, type BatchReaderOptions, createBatchReader } from "./reader.ts";
import type { JobsView, ReportView, RunsView } from "./view.ts";

let batches: BatchesUnderTest;
let shared: Awaited<ReturnType<typeof open>>;
beforeAll(async () => {
  batches = await openBatches();
  shared = await open();
});
afterAll(async () => {
  await shared.close();
  await batches.close();
});

/** One of a test's own. */
async function start(options: Partial<BatchReaderOptions>) {
  const opened = await open(options);
  onTestFinished(opened.close);
  return opened;
}

async function open(options: Partial<BatchReaderOptions> = {}) {
  const { jobsDir, dir } = batches;
  const reader = createBatchReader({ jobsDir, cwd: dir, log: silent, ...options });
  const http = await listen([batchRoute(reader)], { listen: "127.0.0.1:0", log: silent });
  const close = async () => {
    reader.close();
    await http.close();
  };
  const get = async <T>(path: string) => {
    const { status, body } = await send(http.address, path, { method: "GET", headers: {} });
    return { status, body: body as unknown as T, message: body.message };
  };
  return { reader, get, http, close };
}

test("without results there are jobs and no runs, and nothing is made", async () => {
  const { get } = shared;
  const { body: jobs } = await get<JobsView>("/api/batch/jobs");
  expect(jobs.jobs).toMatchObject([{ name: "month", model: "duration@v1", cron: "15 3 1 * *" }]);
  expect(jobs.jobs[0]?.nextMs).toBeGreaterThan(Date.now());
  expect(JSON.stringify(jobs)).not.toMatch(/sqlite:|parquet:/); // a URL may hold a password
  expect((await get("/api/batch/runs")).body).toEqual({ runs: [], problems: [] });
  expect(await get("/api/batch/jobs/month/report")).toMatchObject({
    status: 404,
    message: "month has no published run",
  });
  expect(readdirSync(batches.dir).filter((file) => file.startsWith("results"))).toEqual([]);
});

test("a run that is under way is told with the shards that are written", async () => {
  const other = { ...batches.job, name: "half", destination: { ...batches.job.destination } };
  other.destination.url = `sqlite:${join(batches.dir, "half.db")}`;
  await batches.write(other);
  onTestFinished(() => rm(join(batches.jobsDir, "half.yaml")));
  await batches.runHalf(other);
  const { get } = shared;
  const { runs } = (await get<RunsView>("/api/batch/runs")).body;
  expect(runs).toMatchObject([{ job: "half", state: "running", sourceRows: 1_501 }]);
  expect(runs[0]?.rows).toBeGreaterThan(0);
  expect(runs[0]?.rows).toBeLessThan(1_500);
});

test("after two runs history and report say what the database holds", async () => {
  await batches.runBoth();
  const { get } = shared;
  const { runs } = (await get<RunsView>("/api/batch/runs")).body;
  expect(runs).toMatchObject([
    { window: "2021-02-01 to 2021-03-01", state: "published", rows: 1_500, quarantined: 0 },
    { window: "2021-01-01 to 2021-02-01", state: "published", rows: 1_500, quarantined: 1 },
  ]);
  const [february, january] = runs;
  const latest = (await get<ReportView>("/api/batch/jobs/month/report")).body;
  expect(latest.run.runId).toBe(february?.runId);
  expect(latest.before?.runId).toBe(january?.runId);
  expect(latest.drift).toMatchObject([
    { column: "duration_minutes" },
    { column: "pickup_zone", verdict: "drifted" },
  ]);
  const path = `/api/batch/jobs/month/report?run=${january?.runId.slice(0, 8)}`;
  const first = (await get<ReportView>(path)).body;
  expect(first.quality.reasons).toEqual([
    { reason: "pickup_zone is not within 1 to 265", rows: 1 },
  ]);
  expect(first.before).toBe(null);
  const cells = first.heat?.lines.flatMap((line) => line.cells) ?? [];
  expect(first.heat?.lines.map(({ rows }) => rows)).toEqual(Array(6).fill(250));
  expect(cells).toHaveLength(6 * 24);
  const known = cells.filter((cell) => cell !== null);
  expect(known.length).toBeGreaterThan(0);
  expect(known.every(({ rows }) => rows >= 10)).toBe(true);
});

test("names that are not known are refused in words that help", async () => {
  const { get, http } = shared;
  const path = "/api/batch/jobs/month/report";
  expect(await get("/api/batch/jobs/nothing/report")).toMatchObject({
    status: 404,
    message: "there is no job nothing: there are month",
  });
  expect(await get(`${path}?run=ffffffff`)).toMatchObject({
    status: 404,
    message: "month has no published run ffffffff",
  });
  expect((await get(`${path}?run=`)).status).toBe(400);
  expect((await get("/api/batch/jobs/..%2F..%2Fetc/report")).status).toBe(400);
  expect((await get("/api/batch/jobs/month")).status).toBe(404);
  expect((await send(http.address, "/api/batch/runs", { body: "{}" })).status).toBe(405);
});

test("a file that is no job is told and hides no other", async () => {
  await writeFile(join(batches.jobsDir, "bad.yaml"), "name: bad");
  onTestFinished(() => rm(join(batches.jobsDir, "bad.yaml")));
  const { get } = shared;
  const { jobs, problems } = (await get<JobsView>("/api/batch/jobs")).body;
  expect(jobs.map(({ name }) => name)).toEqual(["month"]);
  expect(problems).toMatchObject([{ file: "bad.yaml", why: expect.stringContaining("model") }]);
});

test("a report of too many rows is left to the command line", async () => {
  const { jobsDir, dir: cwd } = batches;
  const read = createReadBatch({ jobsDir, cwd, env: {}, mostRows: 1_000 });
  await expect(read.report("month", undefined)).rejects.toThrow(
    "more than 1,000 rows, too many for the console: ./mesh batch report month reads them all",
  );
});

test("its process is there while somebody asks, and comes back when it was killed", async () => {
  const { reader, get } = await start({ idleMs: 300 });
  expect(reader.pid).toBe(undefined);
  await get("/api/batch/runs");
  process.kill(reader.pid ?? 0, "SIGKILL");
  await until("its end is noticed", () => reader.pid === undefined);
  expect((await get("/api/batch/runs")).status).toBe(200);
  const pid = reader.pid ?? 0;
  await until("it is ended", () => reader.pid === undefined && !existsSync(`/proc/${pid}`));
});

test("an answer that takes too long is an error, and its process is ended", async () => {
  const { reader, get } = await start({ withinMs: 1 });
  expect((await get("/api/batch/runs")).status).toBe(504);
  expect(reader.pid).toBe(undefined);
});

test("the same question is asked once, and too many are refused", async () => {
  const { reader } = shared;
  const same = await Promise.all(Array.from({ length: 100 }, () => reader.ask({ about: "runs" })));
  expect(new Set(same).size).toBe(1);
  const refused = await refusals(reader, 40);
  expect(refused).toBe(40 - 16);
});

async function refusals(reader: BatchReader, count: number): Promise<number> {
  const asked = Array.from({ length: count }, (_, i) =>
    reader.ask({ about: "report", job: "month", runId: `abcd${1000 + i}` }).catch(String),
  );
  const answers = await Promise.all(asked);
  return answers.filter((text) => text.includes("too many reads")).length;
}

test("results in Postgres are read on a connection that cannot write; away, only their job says so", async () => {
  const postgres = await startPostgres();
  const place = await openBatches(postgres.url);
  onTestFinished(async () => {
    await place.close();
    await postgres.stop();
  });
  await place.runBoth();
  const read = createReadBatch({ jobsDir: place.jobsDir, cwd: place.dir, env: {} });
  expect((await read.runs()).runs).toHaveLength(2);
  expect((await read.report("month", undefined)).run.rows).toBe(1_500);
  const client = await openPostgresClient(postgres.url, { readOnly: true });
  await expect(client.run("DELETE FROM batch_runs")).rejects.toThrow("read-only transaction");
  await client.close();
  await postgres.stop();
  await place.write({ ...batches.job, name: "other" });
  const { runs, problems } = await read.runs();
  expect(problems).toMatchObject([{ job: "month", why: expect.stringContaining("reached") }]);
  expect(runs).toEqual([]); // `other` has none of its own name
});
