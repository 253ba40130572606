// The console's page of batches in a real browser, on a real gateway, over results of real runs.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type BatchesUnderTest, openBatches } from "../../gateway/batch/batch-under-test.ts";
import { loadJob } from "../../services/batch/job/load-job.ts";
import type { Job } from "../../services/batch/job/spec.ts";
import { windowAt } from "../../services/batch/job/window.ts";
import {
  openBench,
  publishedRows,
  root,
  runJob,
} from "../../services/batch/testing/batch-under-test.ts";
import { launchBrowser, openPage, overflows, sizes } from "../harness/browser.ts";
import { startNats, type TestNats } from "../harness/nats.ts";
import { type NodeProcess, startNodeProcess } from "../harness/node-process.ts";
import { until } from "../harness/until.ts";

const CUSTOMERS = 60;
let batches: BatchesUnderTest;
let nats: TestNats;
let gateway: NodeProcess;
let browser: Browser;
let page: Page;
let problems: string[];
let url = "";

beforeAll(async () => {
  [batches, nats, browser] = await Promise.all([openBatches(), startNats(), launchBrowser()]);
  gateway = await startNodeProcess("gateway/main.ts", {
    MESH_NATS: nats.url,
    MESH_ROLLOUT: "127.0.0.1:9", // nobody: this page needs no rollout service
    MESH_GATEWAY_LISTEN: "127.0.0.1:0",
    MESH_CONSOLE_LISTEN: "127.0.0.1:0",
    MESH_BATCH_JOBS: batches.jobsDir,
    MESH_BATCH_CWD: batches.dir,
    MESH_LOG_LEVEL: "fatal",
  });
  url = `http://${gateway.listening["console"]}/`;
  ({ page, problems } = await openPage(browser, url, sizes[0]));
});
afterAll(async () => {
  await browser?.close();
  await gateway?.end("SIGTERM");
  await nats?.stop();
  await batches?.close();
});

const region = (name: string | RegExp) => page.getByRole("region", { name });

test("without a run the page says how to begin one", async () => {
  await page.getByRole("link", { name: "Batch" }).click();
  await page.getByText("./mesh batch run month --from 2021-01").waitFor();
  await page.getByRole("link", { name: "month no run yet" }).waitFor();
  expect(await overflows(page)).toBe(false);
});

test("a run shows while it is under way how far it is", async () => {
  await batches.runHalf();
  const bar = region("Run of 2021-01-01 to 2021-02-01").getByRole("progressbar");
  await bar.waitFor();
  const share = Number(await bar.getAttribute("value"));
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThan(1);
  await region("Run history").getByText("▶ running").waitFor();
  await page.getByText(/of 1,501 rows/).waitFor();
});

test("what came of it is there without a reload", async () => {
  await batches.runBoth();
  await region("Data quality").waitFor();
  const shown = page.getByLabel("Window of the results");
  await until("the latest window is shown", async () =>
    (await shown.locator("option:checked").textContent())?.startsWith("2021-02-01"),
  );
  await page.getByRole("img", { name: /^Mean error over \d+ days, from 2021-02-01/ }).waitFor();
  expect(await page.locator("figure canvas").count()).toBe(1);
  const drift = region("Drift");
  await drift.getByRole("heading", { name: "pickup zone ✕ drifted" }).waitFor();
  await drift.getByText("1,500 rows").waitFor();
  await region("Error by pickup zone").getByText("Astoria").waitFor(); // zone 7 by its name
});

test("another run is chosen from the history, with its quarantine", async () => {
  await region("Run history").getByRole("link", { name: "2021-01-01 to 2021-02-01" }).click();
  const quality = region("Data quality");
  await quality.getByText("pickup_zone is not within 1 to 265").waitFor();
  await quality.getByText("passenger count").waitFor();
  await page.getByRole("heading", { name: "Distributions" }).waitFor(); // nothing before it
});

test("the heat map is read with the keyboard", async () => {
  const heat = region("Heat map of the error");
  await heat.getByRole("application").focus();
  const said = () => heat.getByRole("status").textContent();
  expect(await said()).toMatch(/, 12:00/);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await until("the cell is told", async () => (await said())?.includes(", 14:00"));
  expect(await said()).toMatch(/min, bias [+−].* rows|fewer than 10 rows/);
});

test("customers at risk are ranked, with reasons and what an offer is worth", async () => {
  const job = await runChurn();
  const best = (await publishedRows(job)).reduce((a, b) => (worthOf(b) > worthOf(a) ? b : a));
  await page.getByRole("link", { name: /churn-daily ✓ published/ }).click();
  const top = region("Highest by expected value usd");
  const first = top.locator("tbody tr").first();
  await first.waitFor();
  const text = (await first.textContent()) ?? "";
  expect(text).toContain(best["row_key"]);
  expect(text).toContain(`$${worthOf(best).toFixed(2)}`);
  expect(text).toMatch(/MONTH_TO_MONTH −\d+/);
});

test.each(sizes)("all of it fits $width pixels, light and dark", async (size) => {
  for (const scheme of ["light", "dark"] as const) {
    const other = await openPage(browser, "about:blank", size);
    await other.page.emulateMedia({ colorScheme: scheme });
    for (const name of ["month", "churn-daily"]) {
      await other.page.goto(`${url}#/batch/${name}`);
      await other.page.reload(); // the document is the same for both
      await other.page.getByRole("region", { name: "Data quality" }).waitFor();
      await other.page.getByRole("region", { name: /Drift|Distributions/ }).waitFor();
      expect(await overflows(other.page)).toBe(false);
    }
    expect(other.problems).toEqual([]);
    await other.page.close();
  }
});

test("a job that is not there, and results that cannot be read, are said", async () => {
  await page.goto(`${url}#/batch/nothing`);
  await page.getByText("There is no job nothing.").waitFor();
  expect(problems).toEqual([]); // what follows is one
  await page.getByRole("link", { name: /^churn-daily/ }).click();
  await writeFile(join(batches.dir, "offers.db"), "no database");
  await page.getByText("The results cannot be read: file is not a database").waitFor();
});

test("the gateway is asked while the page is in sight, and not on another page", async () => {
  const { page: other } = await openPage(browser, "about:blank", sizes[0]);
  let asked = 0;
  other.on("request", (request) => {
    if (request.url().includes("/api/batch/runs")) asked++;
  });
  await other.clock.install();
  await other.goto(`${url}#/batch/month`);
  await until("it asks again and again", async () => {
    await other.clock.runFor(5_000);
    return asked > 3;
  });
  await other.getByRole("link", { name: "Live", exact: true }).click();
  await other.getByRole("region", { name: "Live trips" }).waitFor();
  const before = asked;
  await other.clock.runFor(60_000);
  expect(asked).toBe(before);
  await other.close();
});

test("riders' side has none of it, and nothing here takes commands", async () => {
  expect((await fetch(`${url}api/batch/runs`, { method: "POST" })).status).toBe(404);
  const edge = `http://${gateway.listening["http"]}/api/batch/runs`;
  expect((await fetch(edge)).status).toBe(404);
});

function worthOf(row: Readonly<Record<string, unknown>>): number {
  return Number(row["expected_value_usd"]);
}

/** Runs the project's own job over customers like those of the sample, half of them at risk. */
async function runChurn(): Promise<Job> {
  const source = join(batches.dir, "customers.db");
  makeCustomers(source);
  const env = {
    MESH_CUSTOMERS: `sqlite:${source}`,
    MESH_BATCH_RESULTS: join(batches.dir, "offers.db"),
  };
  const path = join(root, "services/batch/jobs/churn-daily.yaml");
  const job = await loadJob(path, { env, cwd: batches.dir });
  const bench = await openBench("churn/v1");
  try {
    await runJob(job, bench, { window: windowAt("day", Date.UTC(2021, 1, 1)) });
  } finally {
    await bench.close();
  }
  await batches.write(job);
  return job;
}

function makeCustomers(path: string): void {
  const columns = {
    customerID: (i: number) => `C-${String(i).padStart(4, "0")}`,
    gender: () => "Female",
    SeniorCitizen: () => 0,
    Partner: () => "Yes",
    Dependents: () => "No",
    tenure: (i: number) => (i % 2 === 0 ? 1 + (i % 5) : 30 + (i % 40)),
    PhoneService: () => "Yes",
    MultipleLines: () => "No",
    InternetService: () => "Fiber optic",
    OnlineSecurity: () => "No",
    OnlineBackup: () => "No",
    DeviceProtection: () => "No",
    TechSupport: () => "No",
    StreamingTV: () => "No",
    StreamingMovies: () => "No",
    Contract: (i: number) => (i % 2 === 0 ? "Month-to-month" : "Two year"),
    PaperlessBilling: () => "Yes",
    PaymentMethod: () => "Electronic check",
    MonthlyCharges: (i: number) => 70 + (i % 30),
    TotalCharges: (i: number) => 80 * (1 + (i % 40)),
  };
  const names = Object.keys(columns);
  const db = new DatabaseSync(path);
  db.exec(`CREATE TABLE customers (${names.join(", ")})`);
  const insert = db.prepare(`INSERT INTO customers VALUES (${names.map(() => "?").join(", ")})`);
  for (let i = 0; i < CUSTOMERS; i++) insert.run(...Object.values(columns).map((of) => of(i)));
  db.close();
}
