import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { openResults } from "../../services/batch/destination/open-results.ts";
import { makeReport } from "../../services/batch/report/make-report.ts";
import { findJob, type JobFlags, withJobPlace } from "../batch/open-job.ts";
import { batchReportLines } from "../batch/report/report-lines.ts";
import { batchReportPage } from "../batch/report/report-page.ts";
import { createStyle } from "../output/style.ts";
import { writeWhole } from "../rollout/report/output-file.ts";
import type { ZoneNames } from "../rollout/report/sentences.ts";
import type { CommandContext } from "./context.ts";

interface Flags extends JobFlags {
  run?: string;
  out?: string;
  json?: true;
}

const HELP = `
Only the results database is read. The page is one file that needs no other. Drift is measured against the published
window before the run's.

Examples:
  mesh batch report trips-backfill --out report.html
  mesh batch report churn-daily --json | jq .top`;

/** `mesh batch report`: a published run and its job's history, as text, page or JSON. */
export function reportCommand(context: CommandContext): Command {
  return withJobPlace(new Command("report"))
    .description("what a job's results say: errors, drift, data quality, runs")
    .argument("<job>", "its name, or the path of its file")
    .option("--run <id>", "a published run (default: that of the latest window)")
    .option("--out <file>", "write the page into this file")
    .option("--json", "the report as one JSON object")
    .addHelpText("after", HELP)
    .action((name: string, flags: Flags) => report(name, flags, context));
}

async function report(name: string, flags: Flags, context: CommandContext): Promise<void> {
  const { print, root, cwd, stdout, env } = context;
  const job = await findJob(name, flags, context);
  const results = await openResults(job.destination.url);
  try {
    const made = await makeReport(job, results, flags.run);
    if (flags.json) print(JSON.stringify(made, null, 2));
    else for (const line of batchReportLines(made, createStyle(stdout, env))) print(line);
    if (flags.out === undefined) return;
    const path = resolve(cwd, flags.out);
    await writeWhole(path, batchReportPage(made, await readZones(root)));
    if (!flags.json) print(`written: ${path}`);
  } finally {
    await results.close();
  }
}

const zoneSchema = z.array(z.object({ id: z.number(), zone: z.string() }));

async function readZones(root: string): Promise<ZoneNames> {
  const text = await readFile(join(root, "models/zones.json"), "utf8");
  return new Map(zoneSchema.parse(JSON.parse(text)).map(({ id, zone }) => [String(id), zone]));
}
