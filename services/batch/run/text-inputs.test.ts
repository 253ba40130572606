import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Column } from "#kit/model/columns.ts";
import { loadJob } from "../job/load-job.ts";
import type { Job } from "../job/spec.ts";
import { windowAt } from "../job/window.ts";
import { type Bench, openBench, publishedRows, root, runJob } from "../testing/batch-under-test.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench("churn/v1");
});
afterAll(() => bench.close());

test("customers out of a table of texts are answered as the model answers each alone", async () => {
  const job = await loadJob(`${root}/services/batch/jobs/churn-daily.yaml`, {
    env: {
      MESH_CUSTOMERS: `sqlite:${join(bench.dir, "customers.db")}`,
      MESH_BATCH_RESULTS: join(bench.dir, "results.db"),
    },
    cwd: bench.dir,
  });
  const customers = Array.from({ length: 120 }, (_, i) => drawCustomer(job, i));
  fill(join(bench.dir, "customers.db"), customers);
  const window = windowAt("day", Date.UTC(2021, 1, 1));
  const result = await runJob({ ...job, shardRows: 50 }, bench, { window });
  expect(result).toMatchObject({ rows: 120, quarantined: 0 });

  const rows = await publishedRows(job);
  const { inputs, outputs } = bench.bundle.card;
  for (const [i, customer] of customers.entries()) {
    const columns = inputs.map(({ name, dtype }): Column => {
      const text = customer[String(job.inputs[name]?.from)] ?? "";
      if (dtype === "string") return [text];
      if (dtype === "int64") return BigInt64Array.of(BigInt(text));
      return Float32Array.of(text.trim() === "" ? Number.NaN : Number(text));
    });
    const alone = await bench.scorer.score(columns, 1);
    const row = rows.find(({ row_key: key }) => key === customer["customerID"]);
    expect(outputs.map(({ name }) => row?.[name])).toEqual(alone.map(([value]) => value));
    expect([i, typeof row?.["expected_value_usd"]]).toEqual([i, "number"]);
  }
});

/** A customer with every value that the job knows, in turn; some have no total yet. */
function drawCustomer({ inputs }: Job, i: number): Record<string, string> {
  const cells = Object.entries(inputs).map(([name, column], c) => {
    const { values } = column ?? {};
    if (values) return [column?.from, values[(i + c) % values.length]];
    if (name === "senior_citizen") return [column?.from, String(i % 2)];
    if (name === "payment_method") return [column?.from, i % 2 ? "Mailed check" : "Carrier pigeon"];
    if (name === "total_charges_usd" && i % 40 === 0) return [column?.from, " "];
    return [column?.from, String(((i * 37) % 900) / (name === "tenure_months" ? 1 : 8))];
  });
  return { customerID: `C${String(i).padStart(4, "0")}`, ...Object.fromEntries(cells) };
}

function fill(path: string, customers: readonly Record<string, string>[]): void {
  const db = new DatabaseSync(path);
  try {
    const names = Object.keys(customers[0] ?? {});
    db.exec(`CREATE TABLE customers (${names.map((name) => `"${name}" TEXT`).join(", ")})`);
    const insert = db.prepare(`INSERT INTO customers VALUES (${names.map(() => "?").join(", ")})`);
    for (const customer of customers) insert.run(...names.map((name) => customer[name] ?? null));
  } finally {
    db.close();
  }
}
