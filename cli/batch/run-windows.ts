import { availableParallelism } from "node:os";
import { type ColumnScorer, createColumnScorer } from "#kit/model/column-scorer.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { openDestination } from "../../services/batch/destination/destination.ts";
import type { Window } from "../../services/batch/job/window.ts";
import {
  type RunProgress,
  type RunResult,
  runWindow,
} from "../../services/batch/run/run-window.ts";
import type { OpenJob } from "./open-job.ts";

export interface WindowsOptions {
  /** Threads that score. */
  readonly workers: number;
  readonly workDir: string;
  readonly resume: boolean;
  readonly onProgress: (progress: RunProgress, window: Window | undefined) => void;
  readonly onEnd: (result: RunResult) => void;
  readonly signal: AbortSignal;
}

/** One window after the other; `undefined` stands for whichever was begun last. Workers are started once. */
export async function runWindows(
  { job, bundle, codeVersion }: OpenJob,
  windows: readonly (Window | undefined)[],
  { workers, onProgress, onEnd, signal, ...options }: WindowsOptions,
): Promise<RunResult[]> {
  const destination = await openDestination(job.destination.url, Date.now);
  let scorers: Promise<readonly ColumnScorer[]> | undefined;
  const openScorers = () => {
    scorers ??= Promise.all(Array.from({ length: workers }, () => createColumnScorer(bundle)));
    return scorers;
  };
  const results: RunResult[] = [];
  try {
    for (const window of windows) {
      if (signal.aborted) throw new MeshError("CANCELLED", "stopped; --resume goes on");
      const result = await runWindow(window, {
        ...options,
        ...{ job, codeVersion, destination, openScorers, signal },
        card: bundle.card,
        onProgress: (progress) => onProgress(progress, window),
      });
      if (result === undefined) continue;
      results.push(result);
      onEnd(result);
    }
    return results;
  } catch (cause) {
    if (cause === signal.reason) {
      throw new MeshError("CANCELLED", `${job.name} was stopped; --resume goes on with it`);
    }
    throw cause;
  } finally {
    for (const scorer of (await scorers?.catch(() => [])) ?? []) await scorer.close(); // told above
    await destination.close();
  }
}

/** A thread for every core but one, which reads and writes; at least one. */
export function defaultWorkers(): number {
  return Math.max(1, availableParallelism() - 1);
}
