import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { failpoint } from "#kit/lifecycle/failpoint.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { describeParquet, openParquet, sha256Of } from "../source/parquet-file.ts";
import type {
  Destination,
  NowMs,
  Results,
  RunPlan,
  RunState,
  RunTotals,
  ShardMark,
} from "./destination.ts";
import { takeExclusive } from "./exclusive.ts";
import {
  type PublishedRun,
  pointerPath,
  readRejects,
  readRuns,
  runFolder,
  type StoredRunFile,
  shardName,
} from "./parquet-layout.ts";
import { checkWhole, refuseEnded, refuseNewer, refuseOverlap, totalsOf } from "./whole.ts";
import { readJson, writeAtomically, writeShardFile } from "./write-file.ts";

/** How long to wait for another publication, ms. */
const LOCK_MS = 30_000;

interface MarkFile {
  readonly mark: ShardMark;
  readonly sha256: string;
}

/**
 * Results as parquet files: `<table>/runs/<run>/shard-00000.parquet`, and `<table>/published/<from>.json` for
 * readers, which names the run and its files. Readers open what it names and list no folder.
 *
 * The run before the last one of a window stays until the next is published, for readers that are at it.
 */
export async function openParquetDestination(
  root: string,
  nowMs: NowMs,
): Promise<Destination & Results> {
  await mkdir(root, { recursive: true });
  const all = () => readRuns(root);
  const find = async (runId: string): Promise<StoredRunFile> => {
    const run = (await all()).find((candidate) => candidate.runId === runId);
    if (run) return run;
    throw new MeshError("NOT_FOUND", `there is no run ${runId}`);
  };
  const note = (run: StoredRunFile) =>
    writeAtomically(join(runFolder(root, run), "run.json"), JSON.stringify(run, null, 2));
  const locked = async <T>(work: () => Promise<T>): Promise<T> => {
    const lock = takeExclusive(join(root, "lock.db"), LOCK_MS);
    if (!lock) throw new MeshError("UNAVAILABLE", `${root} is in use by another publication`);
    try {
      return await work();
    } finally {
      lock.release();
    }
  };
  const end = (run: StoredRunFile, state: RunState, change: Partial<StoredRunFile> = {}) =>
    note({ ...run, ...change, state, finishedMs: nowMs() });
  /** Writes down what the pointer has decided. Readers do not wait for it. */
  const settle = async (
    run: StoredRunFile,
    rivals: readonly StoredRunFile[],
    totals: RunTotals,
  ) => {
    for (const rival of rivals) {
      if (rival.state !== "published") await dropRows(root, rival);
      if (rival.state === "published") await end(rival, "superseded");
      if (rival.state === "running") await end(rival, "abandoned");
    }
    await end(run, "published", totals);
  };
  return {
    start: (plan, resume) =>
      locked(async () => {
        const runs = await all();
        const known = runs.find(({ runId }) => runId === plan.runId);
        refuseEnded(plan.runId, known?.state, resume);
        if (known?.state === "published" && known.finishedMs === undefined) {
          const marked = (await markFiles(root, known)).map(({ mark }) => mark);
          await settle(known, rivalsOf(known, runs), totalsOf(marked)); // died behind the pointer
        }
        if (known?.state === "published" || known?.state === "running") return known.state;
        const last = Math.max(0, ...runs.map(({ startedOrder }) => startedOrder));
        await note(newRun(plan, last + 1, nowMs()));
        return "running";
      }),
    async writeShard(runId, shard) {
      const run = await find(runId);
      if (run.state === "published") return; // the same run, by another process: the shard is there
      if (run.state !== "running") {
        throw new MeshError("ABORTED", `run ${runId} is ${run.state}: another took its place`);
      }
      const path = join(runFolder(root, run), shardName(shard.mark.shard));
      await writeShardFile(`${path}.parquet`, shard.columns);
      await writeAtomically(
        `${path}.quarantine.jsonl`,
        shard.rejects.map((reject) => `${JSON.stringify(reject)}\n`).join(""),
      );
      failpoint("batch.inserted");
      const sha256 = await sha256Of(`${path}.parquet`);
      await writeAtomically(`${path}.json`, JSON.stringify({ mark: shard.mark, sha256 }));
    },
    publish: (runId, totals) =>
      locked(async () => {
        const run = await find(runId);
        if (run.state === "published") return;
        const files = await verifyFiles(root, run, await markFiles(root, run));
        const runs = await all();
        const rivals = rivalsOf(run, runs);
        refuseNewer(run, rivals);
        const published = runs.filter(
          ({ job, state, runId: id }) => job === run.job && state === "published" && id !== runId,
        );
        refuseOverlap(run, published);
        const pointer: PublishedRun = { runId, fromMs: run.fromMs, toMs: run.toMs, files };
        failpoint("batch.publishing");
        await writeAtomically(pointerPath(root, run), JSON.stringify(pointer, null, 2));
        failpoint("batch.pointed");
        await settle(run, rivals, totals);
      }),
    stop: (runId, totals, reason) =>
      locked(async () => {
        const run = await find(runId);
        if (run.state !== "running") return;
        await end(run, "stopped", { ...totals, reason });
        await dropRows(root, run);
      }),
    ...createParquetResults(root),
  };
}

/** Other runs of the same window. */
function rivalsOf(run: StoredRunFile, runs: readonly StoredRunFile[]): StoredRunFile[] {
  return runs.filter(
    ({ job, fromMs, runId }) => job === run.job && fromMs === run.fromMs && runId !== run.runId,
  );
}

async function markFiles(root: string, run: StoredRunFile): Promise<MarkFile[]> {
  const files = await readdir(runFolder(root, run));
  const marked = files.filter((file) => /^shard-\d+\.json$/.test(file)).toSorted();
  return Promise.all(marked.map((file) => readJson<MarkFile>(join(runFolder(root, run), file))));
}

/** Opens every file of the run anew: what is published is what lies on the disk. */
async function verifyFiles(
  root: string,
  run: StoredRunFile,
  marked: readonly MarkFile[],
): Promise<PublishedRun["files"]> {
  const files: { name: string; rows: number; sha256: string }[] = [];
  for (const { mark, sha256 } of marked) {
    const name = `${shardName(mark.shard)}.parquet`;
    const found = await describeParquet(join(runFolder(root, run), name), name);
    if (found.sha256 !== sha256) {
      throw new MeshError("DATA_LOSS", `${found.path} is not the file that was written`);
    }
    files.push({ name: `runs/${run.runId}/${name}`, rows: found.rows, sha256 });
  }
  checkWhole(
    run,
    marked.map(({ mark }) => mark),
    files.reduce((total, { rows }) => total + rows, 0),
  );
  return files;
}

/** Takes a run's rows away and leaves its history and its quarantine. */
async function dropRows(root: string, run: StoredRunFile): Promise<void> {
  const dir = runFolder(root, run);
  for (const file of await readdir(dir)) {
    if (/^shard-\d+\.(json|parquet)$|\.part$/.test(file))
      await rm(join(dir, file), { force: true });
  }
}

function newRun(plan: RunPlan, startedOrder: number, startedMs: number): StoredRunFile {
  return {
    ...plan,
    startedOrder,
    startedMs,
    finishedMs: undefined,
    state: "running",
    reason: "",
    rows: 0,
    quarantined: 0,
    outside: 0,
  };
}

/** What a folder of results says, to whoever reads it. */
export function createParquetResults(root: string): Results {
  const folderOf = (run: Parameters<typeof runFolder>[1]) => runFolder(root, run);
  return {
    async runs(job, limit) {
      const runs = (await readRuns(root)).filter((run) => job === undefined || run.job === job);
      return runs.toSorted((a, b) => b.startedOrder - a.startedOrder).slice(0, limit);
    },
    async marks(runId) {
      const run = (await readRuns(root)).find((candidate) => candidate.runId === runId);
      return run ? (await markFiles(root, run)).map(({ mark }) => mark) : [];
    },
    async columns(run) {
      return (await readJson<StoredRunFile>(join(folderOf(run), "run.json"))).columns;
    },
    async *rows(run, columns) {
      for (let shard = 0; shard < run.shards; shard++) {
        const name = `${shardName(shard)}.parquet`;
        const path = join(folderOf(run), name);
        const file = await openParquet(await describeParquet(path, name));
        if (file.file.rows === 0) continue;
        const { columns: read } = await file.read(0, file.file.rows, columns);
        yield new Map([...read].map(([at, values]) => [at, Array.from(values, plainNumber)]));
      }
    },
    async rejects(runId, limit) {
      const run = (await readRuns(root)).find((candidate) => candidate.runId === runId);
      return run ? readRejects(folderOf(run), limit) : [];
    },
    async close() {},
  };
}

/** Numbers as every destination gives them back: null for none. */
function plainNumber(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  return value === undefined || Number.isNaN(value) ? null : value;
}
