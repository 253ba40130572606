// `npm run check:spark -- MONTH.parquet`: the job trips-backfill over one month, by `mesh batch` and on Spark with two
// workers; every row of one has to be in the other, with the same bits. No part of `npm test`: Spark is 500 MB.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { openResults } from "../../services/batch/destination/open-results.ts";
import { describeParquet, openParquet } from "../../services/batch/source/parquet-file.ts";
import { compareRows, type Rows } from "./compare-rows.ts";

const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const WORKERS = 2;
const [path = ""] = process.argv.slice(2);
const month = /(\d{4})-(\d{2})\.parquet$/.exec(path);
if (!month) {
  process.stderr.write("usage: npm run check:spark -- …/green_tripdata_2021-01.parquet\n");
  process.exit(2);
}
const from = `${month[1]}-${month[2]}-01`;
const to = new Date(Date.UTC(Number(month[1]), Number(month[2]), 1)).toISOString().slice(0, 10);
const dir = await mkdtemp(join(tmpdir(), "tripmesh-spark-"));
try {
  await mkdir(join(dir, "trips"));
  await copyFile(path, join(dir, "trips", basename(path)));
  const env = { MESH_TRIPS: join(dir, "trips"), MESH_BATCH_RESULTS: join(dir, "results.db") };
  const jobFile = join(root, "services/batch/jobs/trips-backfill.yaml");
  const local = await timed("mesh batch", process.execPath, env, [
    ...[join(root, "cli/main.ts"), "batch", "run", jobFile, "--from", from, "--to", to],
    ...["--workers", String(WORKERS), "--data-dir", join(dir, "data"), "--json"],
  ]);
  const spark = await timed("Spark", join(root, "deploy/spark/with-spark"), env, [
    ...[join(root, "deploy/spark/score_job.py"), jobFile, "--from", from, "--to", to],
    ...["--out", join(dir, "spark"), "--master", `local[${WORKERS}]`],
  ]);
  const [ours, theirs] = [
    await localRows(env.MESH_BATCH_RESULTS),
    await sparkRows(join(dir, "spark")),
  ];
  const found = compareRows(ours, theirs);
  process.stdout.write(
    `${found.rows} rows, ${found.columns.length} columns (${found.columns.join(", ")})\n` +
      `only local: ${found.onlyLeft}, only Spark: ${found.onlyRight}, rows with other bits: ${found.differing}\n` +
      `with start: mesh batch ${local.toFixed(1)} s, Spark ${spark.toFixed(1)} s\n`,
  );
  process.exitCode = found.onlyLeft + found.onlyRight + found.differing === 0 ? 0 : 1;
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function timed(
  what: string,
  command: string,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<number> {
  const started = performance.now();
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`${what} ended with ${code}`);
  return (performance.now() - started) / 1000;
}

async function localRows(database: string): Promise<Rows> {
  const results = await openResults(`sqlite:${database}`);
  try {
    const [run] = await results.runs();
    if (!run) throw new Error("there is no run");
    const names = (await results.columns(run)).map(({ name }) => name);
    const rows: Rows = new Map();
    for await (const columns of results.rows(run, names)) addRows(rows, columns);
    return rows;
  } finally {
    await results.close();
  }
}

async function sparkRows(out: string): Promise<Rows> {
  const rows: Rows = new Map();
  const files = (await readdir(join(out, "rows"))).filter((file) => file.endsWith(".parquet"));
  for (const name of files) {
    const file = await openParquet(await describeParquet(join(out, "rows", name), name));
    if (file.file.rows === 0) continue;
    const { columns } = await file.read(0, file.file.rows, file.columns);
    addRows(rows, columns);
  }
  return rows;
}

function addRows(rows: Rows, columns: ReadonlyMap<string, ArrayLike<unknown>>): void {
  const keys = columns.get("row_key") ?? [];
  for (let i = 0; i < keys.length; i++) {
    const cells = [...columns].map(([name, values]) => [name, values[i]] as const);
    rows.set(String(keys[i]), Object.fromEntries(cells));
  }
}
