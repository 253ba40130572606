import type { ProgressLog } from "./progress-log.ts";
import type { Replay } from "./replay.ts";

const LINE_EVERY_MS = 10_000;
const SAVE_EVERY_MS = 1_000;

export interface RunDeps {
  readonly replay: Pick<Replay, "run" | "stop">;
  readonly progressLog: ProgressLog;
  /** Called every second and at the end. */
  readonly saveCursor: () => void;
}

/** A replay under way, with what goes on beside it. */
export interface Run {
  /** Resolves when every trip has been replayed; never after `stop`. */
  readonly finished: Promise<void>;
  /** Rejects when the trips cannot be read or the cursor cannot be written. */
  readonly failed: Promise<never>;
  /** Stops within about a second and notes where. */
  stop(): Promise<void>;
}

/** Starts the replay, its progress lines and the notes of where it is. */
export function startRun({ replay, progressLog, saveCursor }: RunDeps): Run {
  const finished = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<never>();
  let isStopping = false;
  const lines = setInterval(() => progressLog.progress(), LINE_EVERY_MS);
  const saves = setInterval(() => {
    try {
      saveCursor();
    } catch (error) {
      failed.reject(error);
    }
  }, SAVE_EVERY_MS);

  function end(message: string) {
    clearInterval(lines);
    clearInterval(saves);
    saveCursor();
    progressLog.summary(message);
  }

  replay
    .run()
    .then(() => {
      if (isStopping) return;
      end("all trips are replayed");
      finished.resolve();
    })
    .catch(failed.reject);

  return {
    finished: finished.promise,
    failed: failed.promise,
    async stop() {
      isStopping = true;
      await replay.stop();
      end("stopped before the end of the trips");
    },
  };
}
