// A batch run is killed at every step, then done again: readers never see half of it, and the result is the
// one of a run that nobody disturbed, byte by byte.
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Failpoint } from "#kit/lifecycle/failpoint.ts";
import type { Job } from "../../services/batch/job/spec.ts";
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

type Step = `${Extract<Failpoint, `batch.${string}`>}:${number}`;

/** Each step, and whether readers see the new run when a process dies at it. */
const steps: readonly [step: Step, isVisible: boolean][] = [
  ["batch.planned:1", false],
  ["batch.scored:1", false],
  ["batch.inserted:2", false],
  ["batch.written:2", false],
  ["batch.verified:1", false],
  ["batch.publishing:1", false],
  ["batch.published:1", true],
];
const RUN = ["run", "month", "--from", "2021-01"];
const ROWS = 1_100; // five shards
const rides = (zone: number) => [
  ...Array.from({ length: ROWS - 1 }, () => ({})),
  { pickupZone: zone },
];

let dir = "";
let postgres: TestPostgres;
let bench: Bench;
/** Digests of the undisturbed run, by kind of destination. */
const wanted = new Map<string, { rows: string; bytes: string | undefined }>();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tripmesh-batch-crash-"));
  postgres = await startPostgres();
  bench = await openBench();
  await writeMonth(join(dir, "before", "month.parquet"), rides(1));
  await writeMonth(join(dir, "after", "month.parquet"), rides(2));
});
afterAll(async () => {
  await bench.close();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
});

describe.each(["sqlite", "parquet", "postgres"] as const)("into %s", (kind) => {
  test("undisturbed: the run to compare with", async () => {
    const { job, place } = await prepare(kind, "undisturbed", "after");
    expect(await meshBatch(place, RUN)).toMatchObject({ code: 0 });
    wanted.set(kind, await digests(job));
    expect(await publishedRows(job)).toHaveLength(ROWS);
  });

  test.each(stepsOf(kind))("killed at %s", async (step, isVisible) => {
    const name = `at_${step.replaceAll(/\W/g, "_")}`;
    const before = await prepare(kind, name, "before");
    await runJob(before.job, bench);
    const seen = rowsDigest(await publishedRows(before.job));

    const { job, place } = await prepare(kind, name, "after");
    const killed = await meshBatch(place, RUN, { MESH_FAILPOINT: step });
    expect(killed).toMatchObject({ signal: "SIGKILL" });
    expect(rowsDigest(await publishedRows(job)) !== seen).toBe(isVisible);

    const resumed = await meshBatch(place, [...RUN, "--resume", "--json"]);
    expect(resumed).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(resumed.out)).toMatchObject({
      outcome: isVisible ? "unchanged" : "published",
      rows: ROWS,
    });
    expect(await digests(job)).toEqual(wanted.get(kind));
    expect((await runsOf(job)).map(({ state }) => state)).toEqual(["published", "superseded"]);
    expect(await readdir(join(place, ".mesh/batch/month/runs"))).toEqual([]);
  });
});

/** What happens before a destination is reached is the same for all: not again for the third. */
function stepsOf(kind: string): readonly [step: Step, isVisible: boolean][] {
  if (kind === "parquet") return [...steps, ["batch.pointed:1", true]];
  return kind === "postgres" ? steps.filter(([step]) => /inserted|publish/.test(step)) : [...steps];
}

async function prepare(kind: string, name: string, input: "before" | "after") {
  const place = join(dir, kind, name);
  const destinations: Readonly<Record<string, () => string | Promise<string>>> = {
    sqlite: () => `sqlite:${join(place, "results.db")}`,
    parquet: () => `parquet:${join(place, "results")}`,
    postgres: () => databaseOf(name),
  };
  const url = (await destinations[kind]?.()) ?? "";
  const job = monthJob(`parquet:${join(dir, input, "month.parquet")}`, url);
  await writeJob(place, job);
  return { job, place };
}

/** A database of the test's own. */
async function databaseOf(name: string): Promise<string> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    const { rows } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [name]);
    if (rows.length === 0) await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  return postgres.url.replace(/[^/]*$/, name);
}

/** Of all rows that readers see, and of the published files, where there are any. */
async function digests(job: Job) {
  const rows = rowsDigest(await publishedRows(job));
  const { url } = job.destination;
  return { rows, bytes: url.startsWith("parquet:") ? await bytesDigest(url.slice(8)) : undefined };
}

/** What readers open: the pointers and the files that they name. */
async function bytesDigest(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const published = join(folder, "durations", "published");
  for (const pointer of (await readdir(published)).toSorted()) {
    const text = await readFile(join(published, pointer), "utf8");
    hash.update(relative(folder, pointer)).update(text);
    for (const { name } of (JSON.parse(text) as { files: { name: string }[] }).files) {
      hash.update(name).update(await readFile(join(folder, "durations", name)));
    }
  }
  return hash.digest("hex");
}
