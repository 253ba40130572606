import type { Logger } from "#kit/telemetry/log.ts";

export interface RunOptions {
  /** Steps of a graceful stop, run one after the other, each given its share of `stopWithinMs`. */
  readonly stop: readonly (() => unknown)[];
  /** Promises that settle only by failing, when a part of the process cannot go on. */
  readonly failed?: readonly Promise<never>[];
  readonly log: Logger;
  /** Longest time from the signal to the exit; default 8000 ms, below the 10 s that are promised outside. */
  readonly stopWithinMs?: number;
}

/**
 * Waits for SIGTERM, SIGINT, the supervisor's end or a failed part, then stops in order and exits.
 *
 * Exit code 0 after a signal, 1 after a failure or when a step did not finish in time.
 */
export async function runUntilSignal(options: RunOptions): Promise<never> {
  const { log, stopWithinMs = 8000 } = options;
  const failure = await Promise.race([
    new Promise<undefined>((resolve) => {
      const stop = () => resolve(undefined);
      process.on("SIGTERM", stop);
      process.on("SIGINT", stop);
      process.on("disconnect", stop); // an orphan would hold its port for ever
    }),
    Promise.race(options.failed ?? [new Promise<never>(() => {})]).catch((cause: unknown) => cause),
  ]);
  if (failure !== undefined) log.fatal({ err: failure }, "a part of the process failed");
  setTimeout(() => {
    log.error({ stopWithinMs }, "not stopped in time");
    process.exit(1);
  }, stopWithinMs).unref();
  let clean = failure === undefined;
  for (const step of options.stop) {
    try {
      await step();
    } catch (cause) {
      clean = false;
      log.error({ err: cause }, "a step of the stop failed"); // the next steps still have to run
    }
  }
  log.info("stopped");
  process.exit(clean ? 0 : 1);
}
