import { Command } from "commander";
import type { Results } from "../../services/batch/destination/destination.ts";
import { openResults } from "../../services/batch/destination/open-results.ts";
import type { Job } from "../../services/batch/job/spec.ts";
import { allJobs, findJob, type JobFlags, withJobPlace } from "../batch/open-job.ts";
import { runLines, runsTable } from "../batch/run-text.ts";
import { createStyle } from "../output/style.ts";
import { renderTable } from "../output/table.ts";
import { Problem } from "../problem.ts";
import { wholeNumber } from "./arguments.ts";
import { loadCommand } from "./batch-load.ts";
import { reportCommand } from "./batch-report.ts";
import { runCommand } from "./batch-run.ts";
import { scheduleCommand } from "./batch-schedule.ts";
import type { CommandContext } from "./context.ts";

interface Flags extends JobFlags {
  json?: true;
}

interface RunsFlags extends Flags {
  limit: number;
}

/** Quarantined rows that `show` prints. */
const REJECTS = 10;

/** `mesh batch`: scoring from one database to another. */
export function batchCommand(context: CommandContext): Command {
  return new Command("batch")
    .description("score whole windows of a database, and look at what came of it")
    .addCommand(runCommand(context))
    .addCommand(scheduleCommand(context))
    .addCommand(listCommand(context))
    .addCommand(runsCommand(context))
    .addCommand(showCommand(context))
    .addCommand(reportCommand(context))
    .addCommand(loadCommand(context));
}

function listCommand(context: CommandContext): Command {
  return withJobPlace(new Command("list"))
    .description("the jobs there are")
    .option("--json", "the jobs as JSON, one a line")
    .addHelpText("after", "\nExample:\n  mesh batch list")
    .action(async (flags: Flags) => {
      const jobs = await allJobs(flags, context);
      if (flags.json) for (const job of jobs) context.print(JSON.stringify(withoutPasswords(job)));
      else for (const line of jobTable(jobs)) context.print(line);
    });
}

function jobTable(jobs: readonly Job[]): string[] {
  const columns = ["job", "model", "window", "schedule (UTC)", "into", "what it does"];
  return renderTable(
    columns.map((heading) => ({ heading })),
    jobs.map((job) => [
      job.name,
      job.model,
      job.window,
      job.schedule?.cron ?? "",
      job.destination.table,
      job.description,
    ]),
  );
}

function runsCommand(context: CommandContext): Command {
  return withJobPlace(new Command("runs"))
    .description("the runs of a job, or of all jobs, newest first")
    .argument("[job]", "its name, or the path of its file")
    .option("--limit <number>", "how many", wholeNumber(1, 100_000), 20)
    .option("--json", "the runs as JSON, one a line")
    .addHelpText("after", "\nExample:\n  mesh batch runs trips-daily")
    .action(async (name: string | undefined, flags: RunsFlags) => {
      const jobs =
        name === undefined ? await allJobs(flags, context) : [await findJob(name, flags, context)];
      const runs = (await readAll(jobs, (results, job) => results.runs(job.name)))
        .flat()
        .toSorted((a, b) => b.startedMs - a.startedMs)
        .slice(0, flags.limit);
      if (flags.json) for (const run of runs) context.print(JSON.stringify(run));
      else for (const line of runsTable(runs, styleOf(context))) context.print(line);
    });
}

function showCommand(context: CommandContext): Command {
  return withJobPlace(new Command("show"))
    .description("all that is known of a run, and its first quarantined rows")
    .argument("<run>", "its id, or the beginning of it")
    .option("--json", "the run as JSON")
    .addHelpText("after", "\nExample:\n  mesh batch show 3f2a9c")
    .action(async (runId: string, flags: Flags) => {
      const jobs = await allJobs(flags, context);
      const found = await readAll(jobs, async (results, job) => {
        const runs = (await results.runs(job.name)).filter((run) => run.runId.startsWith(runId));
        return Promise.all(
          runs.map(async (run) => ({ run, rejects: await results.rejects(run.runId, REJECTS) })),
        );
      });
      const [one, another] = found.flat();
      if (!one) throw new Problem(`There is no run ${runId}: see mesh batch runs.`);
      if (another) throw new Problem(`More than one run begins with ${runId}.`);
      if (flags.json) return context.print(JSON.stringify({ ...one.run, rejects: one.rejects }));
      for (const line of runLines(one.run, styleOf(context))) context.print(line);
      for (const { place, reason } of one.rejects) context.print(`  ${place}  ${reason}`);
    });
}

/** Asks each results database once, of those that are there. */
async function readAll<T>(
  jobs: readonly Job[],
  read: (results: Results, job: Job) => Promise<T>,
): Promise<T[]> {
  const found: T[] = [];
  for (const job of jobs) {
    const results = await openResults(job.destination.url);
    try {
      found.push(await read(results, job));
    } finally {
      await results.close();
    }
  }
  return found;
}

function withoutPasswords(job: Job): Job {
  const hide = (url: string) => url.replace(/(:\/\/[^:@/]*):[^@/]*@/, "$1:***@");
  return {
    ...job,
    source: { ...job.source, url: hide(job.source.url) },
    destination: { ...job.destination, url: hide(job.destination.url) },
  };
}

function styleOf({ stdout, env }: CommandContext) {
  return createStyle(stdout, env);
}
