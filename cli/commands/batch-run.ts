import { Command, InvalidArgumentError } from "commander";
import type { Job } from "../../services/batch/job/spec.ts";
import {
  lastWindow,
  parseTime,
  type Window,
  windowAt,
  windowsBetween,
  windowText,
} from "../../services/batch/job/window.ts";
import { findJob, type JobFlags, openJob, withJobPlace, workDirOf } from "../batch/open-job.ts";
import { createProgressBar } from "../batch/progress-bar.ts";
import { resultLine } from "../batch/run-text.ts";
import { defaultWorkers, runWindows } from "../batch/run-windows.ts";
import { createStyle } from "../output/style.ts";
import { Problem } from "../problem.ts";
import { watchStopSignals } from "../up/stop-signals.ts";
import { wholeNumber } from "./arguments.ts";
import type { CommandContext } from "./context.ts";

interface Flags extends JobFlags {
  from?: number;
  to?: number;
  workers?: number;
  resume?: true;
  json?: true;
}

const HELP = `
A window is one run. Without --from it is the last one that is over; --to is not included, and without it the window
that --from begins is the only one. Running a window again changes nothing, unless its rows, the model, the job or the
code did: then the new run takes the old one's place in one step.

A run that was interrupted is gone on with behind its last written shard, when the source still holds the same rows.
With --resume it ends with the rows that it began with, whatever the source holds by now.

Examples:
  mesh batch run trips-backfill --from 2021-01 --to 2021-03
  mesh batch run trips-daily --workers 2
  mesh batch run churn-daily --resume`;

/** `mesh batch run`: a job over its windows. */
export function runCommand(context: CommandContext): Command {
  return withJobPlace(new Command("run"))
    .description("score a window of a job's source and publish the result")
    .argument("<job>", "its name, or the path of its file")
    .option("--from <time>", "start of the first window, such as 2021-01 or 2021-01-31", time)
    .option("--to <time>", "end of the last window, not included", time)
    .option(
      "--workers <number>",
      "threads that score (default: one less than there are cores)",
      wholeNumber(1, 64),
    )
    .option("--resume", "go on with the run that was begun and not ended")
    .option("--json", "the result of every window as JSON, one a line")
    .addHelpText("after", HELP)
    .action((name: string, flags: Flags) => runJob(name, flags, context));
}

async function runJob(name: string, flags: Flags, context: CommandContext): Promise<void> {
  const { print, stdout, env, cwd, signals } = context;
  const job = await findJob(name, flags, context);
  const windows = windowsOf(job, flags, Date.now());
  const opened = await openJob(job, context);
  const style = createStyle(stdout, env);
  const bar = createProgressBar({
    stdout,
    style,
    print: flags.json ? () => {} : print,
    nowMs: () => performance.now(),
  });
  const stop = new AbortController();
  const watched = watchStopSignals(signals, Date.now);
  void watched.stop.then(() => stop.abort());
  void watched.force.then(() => process.exit(130));
  try {
    const results = await runWindows(opened, windows, {
      workers: flags.workers ?? defaultWorkers(),
      workDir: workDirOf(flags, cwd),
      resume: flags.resume === true,
      signal: stop.signal,
      onProgress(progress, window) {
        const title = window ? windowText(window) : progress.runId;
        if (!flags.json) bar.show(`${job.name}  ${title}`, progress);
      },
      onEnd(result) {
        bar.clear();
        if (flags.json) print(JSON.stringify({ job: job.name, ...result }));
        else print(resultLine(job, result, style));
      },
    });
    if (results.length === 0) print(`${job.name} has no run that was begun and not ended.`);
  } finally {
    bar.clear();
    watched.close();
  }
}

/** With --resume and no window, whichever run was begun last. */
function windowsOf({ window }: Job, flags: Flags, nowMs: number): (Window | undefined)[] {
  const { from, to, resume } = flags;
  if (from === undefined) {
    if (to !== undefined) throw new Problem("--to needs --from.", { exitCode: 2 });
    return [resume ? undefined : lastWindow(window, nowMs)];
  }
  return windowsBetween(window, from, to ?? windowAt(window, from).toMs);
}

function time(text: string): number {
  const ms = parseTime(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError("It must be a time like 2021-01, 2021-01-31 or 2021-01-31T05:00.");
}
