import { setTimeout as sleep } from "node:timers/promises";
import type { BackOff } from "./back-off.ts";
import {
  type Child,
  describeExit,
  type Exit,
  type Launch,
  type Listening,
  startChild,
} from "./child.ts";
import type { ProcessLog } from "./process-log.ts";

export interface SuperviseOptions {
  /** What to run; asked before every start, so that a restarted process can keep its ports. */
  readonly launch: (last: Listening | undefined) => Launch;
  readonly log: ProcessLog;
  readonly backOff: BackOff;
  /** Longest time from start to readiness, ms. Default 30 000; after it the process counts as dead. */
  readonly readyWithinMs?: number;
  /** Whether an exit with 0 is the end of its work rather than a death. Default false. */
  readonly mayFinish?: boolean;
  /** A run begins or has ended: its process number, or undefined. */
  readonly onPid?: (pid: number | undefined) => void;
  /** It is ready, and where; called again after each restart. */
  readonly onReady?: (listening: Listening) => void;
  /** It died and will be started again, or it has finished. */
  readonly onExit?: (exit: Exit, finished: boolean) => void;
}

/** A process that is kept running. */
export interface Supervised {
  /** The first run's addresses; fails when that run does not become ready. Later ones are repeated. */
  readonly started: Promise<Listening>;
  readonly pid: number | undefined;
  /** Ends this run, SIGTERM and SIGKILL after `graceMs`; it is started again as after a death. */
  restart(graceMs: number): Promise<void>;
  /** Ends it for good: SIGTERM, then SIGKILL after `graceMs`. */
  stop(graceMs: number): Promise<void>;
  /** SIGKILL now, and no restart. */
  kill(): void;
}

/** Starts a process and starts it again when it dies, until it is stopped. */
export function supervise(options: SuperviseOptions): Supervised {
  const { log, backOff, readyWithinMs = 30_000 } = options;
  const stopping = new AbortController();
  const first = Promise.withResolvers<Listening>();
  first.promise.catch(() => undefined); // the caller may not have got to it yet
  let child: Child | undefined;
  let listening: Listening | undefined;

  /** One run, from start to exit; gives back for how long it was ready. */
  async function runOnce(): Promise<{ exit: Exit; healthyForMs: number }> {
    const run = startChild(options.launch(listening), log.take);
    child = run;
    options.onPid?.(run.pid);
    const late = setTimeout(() => {
      log.say("error", `not ready after ${readyWithinMs / 1000} s: stopping it`);
      run.kill("SIGKILL");
    }, readyWithinMs);
    let readyAt = Number.POSITIVE_INFINITY;
    void run.ready.then(
      (addresses) => {
        clearTimeout(late);
        readyAt = performance.now();
        listening = addresses;
        options.onReady?.(addresses);
        first.resolve(addresses);
      },
      () => undefined, // it ended before that: told below
    );
    const exit = await run.exited;
    clearTimeout(late);
    child = undefined;
    options.onPid?.(undefined);
    return { exit, healthyForMs: Math.max(0, performance.now() - readyAt) };
  }

  async function keepRunning(): Promise<void> {
    while (!stopping.signal.aborted) {
      const { exit, healthyForMs } = await runOnce();
      if (stopping.signal.aborted) return;
      if (listening === undefined) {
        first.reject(new Error(`ended before it was ready (${describeExit(exit)})`));
        return; // the first start failed: whoever started it decides
      }
      const finished = options.mayFinish === true && exit.code === 0;
      options.onExit?.(exit, finished);
      if (finished) return;
      const waitMs = backOff.nextMs(healthyForMs);
      log.say("error", `died (${describeExit(exit)}); starting it again in ${waitMs / 1000} s`);
      await sleep(waitMs, undefined, { signal: stopping.signal }).catch(() => undefined); // stopped meanwhile
    }
  }

  const over = keepRunning().catch((cause: unknown) => first.reject(cause));
  return {
    started: first.promise,
    get pid() {
      return child?.pid;
    },
    async restart(graceMs) {
      await child?.stop(graceMs);
    },
    async stop(graceMs) {
      stopping.abort();
      first.reject(new Error("was stopped before it was ready"));
      await child?.stop(graceMs);
      await over;
    },
    kill() {
      stopping.abort();
      child?.kill("SIGKILL");
    },
  };
}
