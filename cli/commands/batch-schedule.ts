import { Command } from "commander";
import { openResults } from "../../services/batch/destination/open-results.ts";
import type { Job } from "../../services/batch/job/spec.ts";
import { timeText, windowText } from "../../services/batch/job/window.ts";
import {
  keepSchedule,
  runDue,
  type ScheduleParts,
} from "../../services/batch/schedule/keep-schedule.ts";
import {
  allJobs,
  findJob,
  type JobFlags,
  openJob,
  withJobPlace,
  workDirOf,
} from "../batch/open-job.ts";
import { createProgressBar } from "../batch/progress-bar.ts";
import { resultLine } from "../batch/run-text.ts";
import { defaultWorkers, runWindows } from "../batch/run-windows.ts";
import { sleepUntil } from "../batch/sleep-until.ts";
import { describeError } from "../output/describe-error.ts";
import { createStyle } from "../output/style.ts";
import { Problem } from "../problem.ts";
import { watchStopSignals } from "../up/stop-signals.ts";
import { wholeNumber } from "./arguments.ts";
import type { CommandContext } from "./context.ts";

interface Flags extends JobFlags {
  workers?: number;
  once?: true;
}

const HELP = `
Times are UTC. Windows that were missed since the last publication are made up for, as many as the job says. One window
runs at a time. A window that fails is tried again when its job is due next.

Examples:
  mesh batch schedule
  mesh batch schedule trips-daily --once`;

/** `mesh batch schedule`: jobs at their times, until a signal. */
export function scheduleCommand(context: CommandContext): Command {
  return withJobPlace(new Command("schedule"))
    .description("run jobs at their times, until Ctrl-C")
    .argument("[jobs...]", "their names (default: all that have a schedule)")
    .option("--workers <number>", "threads that score", wholeNumber(1, 64))
    .option("--once", "run what is due now, then end; exit code 1 when a window failed")
    .addHelpText("after", HELP)
    .action((names: readonly string[], flags: Flags) => runSchedule(names, flags, context));
}

async function runSchedule(
  names: readonly string[],
  flags: Flags,
  context: CommandContext,
): Promise<void> {
  const { print, signals } = context;
  const jobs = (
    names.length === 0
      ? await allJobs(flags, context)
      : await Promise.all(names.map((name) => findJob(name, flags, context)))
  ).filter(({ schedule }) => schedule !== undefined);
  if (jobs.length === 0) throw new Problem("No job has a schedule.");
  const stop = new AbortController();
  const watched = watchStopSignals(signals, Date.now);
  void watched.stop.then(() => stop.abort());
  void watched.force.then(() => process.exit(130));
  let failures = 0;
  const parts: ScheduleParts = {
    publishedFromMs,
    run: createRunner(flags, context, stop.signal),
    onFailure(job, window, cause) {
      if (stop.signal.aborted) return;
      failures++;
      const lines = describeError(cause);
      print(`${job.name}  ${window ? windowText(window) : "was not run"}: failed`);
      for (const line of lines) print(`  ${line}`);
    },
    onWait: (job, untilMs) => print(`next: ${job.name} at ${timeText(untilMs)} UTC`),
    nowMs: Date.now,
    sleepUntil,
    signal: stop.signal,
  };
  try {
    if (!flags.once) await keepSchedule(jobs, parts);
    else for (const job of jobs) await runDue(job, parts);
  } finally {
    watched.close();
  }
  if (flags.once && failures > 0) throw new Problem(`${failures} of the windows failed.`);
}

/** Runs a window as `mesh batch run` does; a run that was interrupted is gone on with. */
function createRunner(
  flags: Flags,
  context: CommandContext,
  signal: AbortSignal,
): ScheduleParts["run"] {
  const { print, stdout, env, cwd } = context;
  const style = createStyle(stdout, env);
  const bar = createProgressBar({ stdout, style, print, nowMs: () => performance.now() });
  return async (job, window) => {
    try {
      await runWindows(await openJob(job, context), [window], {
        workers: flags.workers ?? defaultWorkers(),
        workDir: workDirOf(flags, cwd),
        resume: false,
        signal,
        onProgress: (progress) => bar.show(`${job.name}  ${windowText(window)}`, progress),
        onEnd(result) {
          bar.clear();
          print(resultLine(job, result, style));
        },
      });
    } finally {
      bar.clear();
    }
  };
}

async function publishedFromMs(job: Job): Promise<ReadonlySet<number>> {
  const results = await openResults(job.destination.url);
  try {
    const runs = await results.runs(job.name);
    return new Set(runs.filter(({ state }) => state === "published").map(({ fromMs }) => fromMs));
  } finally {
    await results.close();
  }
}
