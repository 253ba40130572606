import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Bundle, Card } from "#kit/model/bundle.ts";
import { createColumnScorer } from "#kit/model/column-scorer.ts";
import { openDestination } from "../../services/batch/destination/destination.ts";
import { type Job, jobSchema } from "../../services/batch/job/spec.ts";
import { windowAt } from "../../services/batch/job/window.ts";
import { runWindow } from "../../services/batch/run/run-window.ts";
import type { Answers } from "./answers.ts";
import type { ParityRow } from "./rows.ts";

const SHARD_ROWS = 1024;
const WORKERS = 2;

/** A batch job from one SQLite database to another, read back from the second. */
export async function scoreInBatch(
  bundle: Bundle,
  rows: readonly ParityRow[],
  signal: AbortSignal,
): Promise<Answers> {
  const { card } = bundle;
  const dir = await mkdtemp(join(tmpdir(), "tripmesh-parity-batch-"));
  const scorers = await Promise.all(
    Array.from({ length: WORKERS }, () => createColumnScorer(bundle)),
  );
  try {
    const job = parityJob(card, dir);
    writeSource(join(dir, "source.db"), card, rows);
    const destination = await openDestination(job.destination.url, Date.now);
    try {
      const result = await runWindow(windowAt("day", 0), {
        ...{ job, card, destination, signal },
        codeVersion: "parity",
        openScorers: async () => scorers,
        workDir: join(dir, "work"),
        resume: false,
        onProgress: () => {},
      });
      const [run] = (await destination.runs()).filter(({ runId }) => runId === result?.runId);
      if (!run || run.rows !== rows.length) throw new Error(`${run?.rows} of ${rows.length} rows`);
      const names = card.outputs.map(({ name }) => name);
      const outputs = Object.fromEntries(
        names.map((name) => [name, new Float32Array(rows.length)]),
      );
      let at = 0;
      for await (const columns of destination.rows(run, names)) {
        for (const name of names) outputs[name]?.set(columns.get(name) as number[], at);
        at += columns.get(names[0] ?? "")?.length ?? 0;
      }
      const setting = `shards of ${SHARD_ROWS}, ${WORKERS} workers`;
      return { mode: "batch job", setting, outputs };
    } finally {
      await destination.close();
    }
  } finally {
    for (const scorer of scorers) await scorer.close();
    await rm(dir, { recursive: true, force: true });
  }
}

function parityJob({ inputs, service, version }: Card, dir: string): Job {
  return jobSchema.parse({
    name: "parity",
    model: `${service}@${version}`,
    window: "day",
    source: { kind: "table", url: `sqlite:${join(dir, "source.db")}`, table: "rides", key: "ride" },
    inputs: Object.fromEntries(
      inputs.map(({ name, dtype }) => [
        name,
        { from: name, maxNullShare: dtype === "float32" ? 1 : 0 },
      ]),
    ),
    destination: { url: `sqlite:${join(dir, "results.db")}`, table: "answers" },
    shardRows: SHARD_ROWS,
  });
}

function writeSource(path: string, { inputs }: Card, rows: readonly ParityRow[]): void {
  const db = new DatabaseSync(path);
  try {
    db.exec(`CREATE TABLE rides (ride TEXT, ${inputs.map(({ name }) => name).join(", ")}); BEGIN`);
    const insert = db.prepare(`INSERT INTO rides VALUES (?${", ?".repeat(inputs.length)})`);
    // The order of the keys is that of the rows: that is the order in which they are read back.
    rows.forEach(({ row }, i) => {
      insert.run(String(i).padStart(8, "0"), ...row); // NaN becomes NULL
    });
    db.exec("COMMIT");
  } finally {
    db.close();
  }
}
