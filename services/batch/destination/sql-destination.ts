import { failpoint } from "#kit/lifecycle/failpoint.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type {
  Destination,
  NowMs,
  Results,
  RunPlan,
  RunState,
  RunSummary,
  ShardResult,
} from "./destination.ts";
import type { SqlClient } from "./sql-client.ts";
import { createSqlResults, type StoredRun, toStored } from "./sql-results.ts";
import { baseSchema, prepareTable } from "./sql-schema.ts";
import { checkWhole, refuseEnded, refuseNewer, refuseOverlap } from "./whole.ts";

/** Results in SQLite or Postgres: staged under the run's id, seen by readers once one row names the run. */
export async function createSqlDestination(
  client: SqlClient,
  nowMs: NowMs,
): Promise<Destination & Results> {
  await client.transaction("", () => client.script(baseSchema(client)));
  const find = async (runId: string) => {
    const [row] = await client.all(
      `SELECT * FROM batch_runs WHERE run_id = ? ${client.forUpdate}`,
      [runId],
    );
    if (!row) throw new MeshError("NOT_FOUND", `there is no run ${runId}`);
    return toStored(row);
  };
  const results = createSqlResults(client);
  const { marks } = results;
  const end = (run: RunSummary, state: RunState, reason = "") =>
    client.run("UPDATE batch_runs SET state = ?, reason = ?, finished_ms = ? WHERE run_id = ?", [
      state,
      reason,
      nowMs(),
      run.runId,
    ]);
  const dropRows = async ({ runId, table }: RunSummary) => {
    await client.run(`DELETE FROM ${table}_rows WHERE run_id = ?`, [runId]);
    await client.run("DELETE FROM batch_shards WHERE run_id = ?", [runId]);
  };
  const others = async (run: StoredRun) => {
    const rows = await client.all(
      "SELECT * FROM batch_runs WHERE job = ? AND from_ms = ? AND run_id <> ?",
      [run.job, run.fromMs, run.runId],
    );
    return rows.map(toStored);
  };

  return {
    ...results,
    start: (plan, resume) =>
      client.transaction(plan.job, async () => {
        await prepareTable(client, plan);
        return startRun(client, plan, { startedMs: nowMs(), resume });
      }),
    async writeShard(runId, shard) {
      const { job } = await find(runId);
      await client.stage(job, async () => {
        const { state, table } = await find(runId);
        if (state === "published") return; // the same run, by another process: the shard is there
        if (state !== "running") {
          throw new MeshError("ABORTED", `run ${runId} is ${state}: another one took its place`);
        }
        const isNew = await client.run(
          "INSERT INTO batch_shards VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
          [runId, shard.mark.shard, JSON.stringify(shard.mark)],
        );
        if (isNew > 0) await insertShard(client, `${table}_rows`, runId, shard);
        failpoint("batch.inserted");
      });
    },
    async publish(runId, totals) {
      const { job } = await find(runId);
      await client.transaction(job, async () => {
        const run = await find(runId);
        if (run.state === "published") return;
        const [counted] = await client.all(
          `SELECT count(*) AS n FROM ${run.table}_rows WHERE run_id = ?`,
          [runId],
        );
        checkWhole(run, await marks(runId), Number(counted?.["n"]));
        const rivals = await others(run);
        refuseNewer(run, rivals);
        refuseOverlap(run, await publications(client, job));
        for (const rival of rivals) {
          await dropRows(rival);
          if (rival.state === "published") await end(rival, "superseded");
          if (rival.state === "running") await end(rival, "abandoned");
        }
        await client.run("DELETE FROM batch_publications WHERE job = ? AND from_ms = ?", [
          job,
          run.fromMs,
        ]);
        await client.run("INSERT INTO batch_publications VALUES (?, ?, ?, ?)", [
          job,
          run.fromMs,
          run.toMs,
          runId,
        ]);
        await noteTotals(client, runId, totals);
        await end(run, "published");
        failpoint("batch.publishing");
      });
    },
    async stop(runId, totals, reason) {
      const { job } = await find(runId);
      await client.transaction(job, async () => {
        const run = await find(runId);
        if (run.state !== "running") return;
        await dropRows(run);
        await noteTotals(client, runId, totals);
        await end(run, "stopped", reason);
      });
    },
    close: () => client.close(),
  };
}

async function startRun(
  client: SqlClient,
  plan: RunPlan,
  { startedMs, resume }: { readonly startedMs: number; readonly resume: boolean },
): Promise<"running" | "published"> {
  const [known] = await client.all("SELECT state FROM batch_runs WHERE run_id = ?", [plan.runId]);
  const state = known?.["state"] as RunState | undefined;
  refuseEnded(plan.runId, state, resume);
  if (state === "published" || state === "running") return state;
  const [last] = await client.all(
    "SELECT coalesce(max(started_order), 0) AS n FROM batch_runs WHERE job = ?",
    [plan.job],
  );
  const order = Number(last?.["n"]) + 1;
  if (state !== undefined) {
    await client.run(
      `UPDATE batch_runs SET state = 'running', reason = '', started_order = ?, started_ms = ?,
       finished_ms = NULL WHERE run_id = ?`,
      [order, startedMs, plan.runId],
    );
    return "running";
  }
  await client.run(
    `INSERT INTO batch_runs (run_id, job, from_ms, to_ms, model, model_digest, snapshot_digest,
       code_version, table_name, shards, source_rows, started_order, started_ms, state)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running')`,
    [
      ...[plan.runId, plan.job, plan.fromMs, plan.toMs, plan.model, plan.modelDigest],
      ...[plan.snapshotDigest, plan.codeVersion, plan.table, plan.shards, plan.sourceRows],
      ...[order, startedMs],
    ],
  );
  return "running";
}

async function insertShard(
  client: SqlClient,
  table: string,
  runId: string,
  { columns, rejects }: ShardResult,
): Promise<void> {
  await client.insert(table, runId, columns);
  for (const { place, key, reason, cells } of rejects) {
    // A run that was stopped and is done again finds its rejects there: they are the same.
    await client.run("INSERT INTO batch_quarantine VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", [
      ...[runId, place, key, reason, JSON.stringify(cells)],
    ]);
  }
}

async function noteTotals(
  client: SqlClient,
  runId: string,
  { rows, quarantined, outside }: { rows: number; quarantined: number; outside: number },
): Promise<void> {
  await client.run(
    "UPDATE batch_runs SET scored_rows = ?, quarantined_rows = ?, outside_rows = ? WHERE run_id = ?",
    [rows, quarantined, outside, runId],
  );
}

async function publications(client: SqlClient, job: string) {
  const rows = await client.all("SELECT from_ms, to_ms FROM batch_publications WHERE job = ?", [
    job,
  ]);
  return rows.map((row) => ({ fromMs: Number(row["from_ms"]), toMs: Number(row["to_ms"]) }));
}
