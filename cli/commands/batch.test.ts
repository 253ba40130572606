import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMesh } from "../testing/run-mesh.ts";

/** Customers like those of the sample; `risky` ones have no contract that binds them. */
const HEADER =
  "customerID,gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,InternetService," +
  "OnlineSecurity,OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,Contract," +
  "PaperlessBilling,PaymentMethod,MonthlyCharges,TotalCharges,Churn";
const customer = (i: number) => {
  const risky = i % 2 === 0;
  const [contract, months] = risky ? ["Month-to-month", 1 + (i % 5)] : ["Two year", 30 + (i % 40)];
  const total = i === 7 ? " " : (months as number) * 80;
  return (
    `C-${String(i).padStart(4, "0")},Female,0,Yes,No,${months},Yes,No,Fiber optic,` +
    `No,No,No,No,No,No,${contract},Yes,"Electronic check",${70 + (i % 30)},${total},No`
  );
};

let dir = "";
const mesh = (...args: string[]) => runMesh(dir, "batch", ...args);
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "tripmesh-batch-cli-"));
  const lines = Array.from({ length: 60 }, (_, i) => customer(i));
  await writeFile(join(dir, "customers.csv"), `${[HEADER, ...lines].join("\n")}\n`);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe("mesh batch", () => {
  test("list names the jobs", async () => {
    const { code, out } = await mesh("list");
    expect(code).toBe(0);
    expect(out.join("\n")).toMatch(/churn-daily +churn@v1 +day +30 4 \* \* \* +offers/);
  });

  test("load, run, runs, show and report: from a CSV file to a page", async () => {
    const loaded = await mesh(
      "load",
      "customers.csv",
      "--into",
      ".mesh/customers.db",
      "--table",
      "customers",
    );
    expect(loaded).toMatchObject({ code: 0, out: ["customers.csv: 60 rows in customers"] });

    const run = await mesh("run", "churn-daily", "--from", "2021-02-01", "--json");
    expect(run).toMatchObject({ code: 0, err: [] });
    const { runId, ...rest } = JSON.parse(run.out[0] ?? "") as { runId: string };
    expect(rest).toMatchObject({ outcome: "published", rows: 60, quarantined: 0 });
    const again = await mesh("run", "churn-daily", "--from", "2021-02-01");
    expect(again.out[0]).toContain(`run ${runId} unchanged: published before`);

    expect((await mesh("runs")).out[1]).toMatch(
      new RegExp(`^${runId} +churn-daily .* published +60`),
    );
    expect((await mesh("show", runId.slice(0, 6))).out.join("\n")).toMatch(
      /input +60 rows, sha256/,
    );

    const report = await mesh("report", "churn-daily", "--out", "report.html");
    expect(report.code).toBe(0);
    const page = await readFile(join(dir, "report.html"), "utf8");
    expect(page).toContain("MONTH_TO_MONTH");
    expect(page).not.toMatch(/<script|src=|href=|url\(|@import/);
  });

  test("ranks offers by their value, over the run that is published", () => {
    const db = new DatabaseSync(join(dir, ".mesh/batch/results.db"), { readOnly: true });
    try {
      const rows = db.prepare("SELECT * FROM offers ORDER BY rank").all();
      expect(rows).toHaveLength(60);
      const values = rows.map((row) => Number(row["expected_value_usd"]));
      expect(values).toEqual(values.toSorted((a, b) => b - a));
      expect(rows[0]).toMatchObject({ contract: "Month-to-month", reason_1: "MONTH_TO_MONTH" });
    } finally {
      db.close();
    }
  });

  test("schedule --once runs what is due and then has nothing to do", async () => {
    const due = await mesh("schedule", "churn-daily", "--once");
    expect(due).toMatchObject({ code: 0, err: [] });
    expect(due.out).toEqual([expect.stringContaining("published  60 rows")]);
    expect(await mesh("schedule", "churn-daily", "--once")).toMatchObject({ code: 0, out: [] });
  });

  test("only looks where it only looks: nothing is made", async () => {
    const other = join(dir, "elsewhere");
    await mkdir(other);
    expect(await runMesh(other, "batch", "runs")).toMatchObject({
      code: 0,
      out: [expect.any(String)],
    });
    expect((await runMesh(other, "batch", "report", "churn-daily")).code).toBe(1);
    expect(await readdir(other)).toEqual([]);
  });

  test.each([
    [["run", "churn-daily", "--from", "2021-02-01T05:00"], "is not the start of a day"],
    [["run", "churn-daily", "--to", "2021-02-01"], "--to needs --from"],
    [["run", "nothing"], "there is no such job"],
    [["show", "ffff"], "There is no run ffff"],
    [["report", "trips-daily"], "has no published run"],
    [["load", "nothing.csv", "--into", "x.db", "--table", "t"], "cannot be loaded"],
    [["run", "trips-daily"], "the job's source database"],
  ])("%j says what is wrong", async (args, sentence) => {
    const { code, err } = await mesh(...args);
    expect(code).toBeGreaterThan(0);
    expect(err.join("\n")).toContain(sentence);
  });

  test("--resume with nothing to go on with says so", async () => {
    const { code, out } = await mesh("run", "churn-daily", "--resume");
    expect([code, out]).toEqual([0, ["churn-daily has no run that was begun and not ended."]]);
  });
});
