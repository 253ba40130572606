import { type ChildProcess, fork } from "node:child_process";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { type Code, MeshError } from "#kit/rpc/errors.ts";
import type { Logger } from "#kit/telemetry/log.ts";

export type BatchQuestion =
  | { readonly about: "jobs" }
  | { readonly about: "runs" }
  | { readonly about: "report"; readonly job: string; readonly runId: string | undefined };

export type BatchAnswer =
  | { readonly id: number; readonly json: string }
  | { readonly id: number; readonly code: Code; readonly message: string };

export interface BatchReaderOptions {
  /** Folder of the job files. */
  readonly jobsDir: string;
  /** Where relative paths in jobs start. */
  readonly cwd: string;
  readonly log: Logger;
  /** Longest time for an answer, ms. Default 30 s. */
  readonly withinMs?: number;
  /** How long its process waits for another question, ms. Default 30 s. */
  readonly idleMs?: number;
}

export interface BatchReader {
  /**
   * The answer as JSON. The same question that is being answered is not asked twice. Fails with the process's
   * error, DEADLINE_EXCEEDED, or RESOURCE_EXHAUSTED when too many others wait.
   */
  ask(question: BatchQuestion): Promise<string>;
  /** Its process's id while there is one. */
  readonly pid: number | undefined;
  close(): void;
}

const HEAP_MB = 256;
const MOST_WAITING = 16;

interface Waiting {
  readonly resolve: (json: string) => void;
  readonly reject: (cause: MeshError) => void;
  readonly late: NodeJS.Timeout;
}

/**
 * Reads results databases in a process of its own, with a bounded heap and a low priority. It is started with the
 * first question and ended when nobody has asked for a while.
 */
export function createBatchReader(options: BatchReaderOptions): BatchReader {
  const { jobsDir, cwd, log, withinMs = 30_000, idleMs = 30_000 } = options;
  const asked = new Map<string, Promise<string>>();
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | undefined;
  let idle: NodeJS.Timeout | undefined;
  let lastId = 0;

  function start(): ChildProcess {
    const started = fork(join(import.meta.dirname, "reader-process.ts"), [], {
      env: { ...process.env, MESH_BATCH_JOBS: jobsDir, MESH_BATCH_CWD: cwd },
      execArgv: [`--max-old-space-size=${HEAP_MB}`, "--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    if (started.pid !== undefined) setPriority(started.pid, constants.priority.PRIORITY_LOW);
    started.on("message", (answer: BatchAnswer) => {
      const one = take(answer.id);
      if (!one) return;
      if ("json" in answer) one.resolve(answer.json);
      else one.reject(new MeshError(answer.code, answer.message));
    });
    started.once("error", (cause) => gone(started, cause.message));
    started.once("exit", (code, signal) => gone(started, `it ended with ${code ?? signal}`));
    return started;
  }

  function take(id: number): Waiting | undefined {
    const one = waiting.get(id);
    waiting.delete(id);
    clearTimeout(one?.late);
    return one;
  }

  /** Whoever waits is told; the next question starts another. */
  function gone(process: ChildProcess, why: string): void {
    if (process !== child) return;
    child = undefined;
    if (waiting.size > 0) log.warn({ why }, "the process that reads batch results is gone");
    for (const id of [...waiting.keys()]) {
      take(id)?.reject(new MeshError("UNAVAILABLE", "reading batch results broke off: ask again"));
    }
  }

  function end(): void {
    const ended = child;
    if (!ended) return;
    ended.kill("SIGKILL"); // it only reads
    gone(ended, "it was ended");
  }

  function send(question: BatchQuestion): Promise<string> {
    if (waiting.size >= MOST_WAITING) {
      throw new MeshError("RESOURCE_EXHAUSTED", "too many reads of batch results wait already");
    }
    child ??= start();
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        const message = `batch results were not read within ${withinMs / 1000} s`;
        take(id)?.reject(new MeshError("DEADLINE_EXCEEDED", message));
        end(); // it may hang in a database
      }, withinMs);
      waiting.set(id, { resolve, reject, late });
      child?.send({ id, question }, (cause) => {
        if (cause)
          take(id)?.reject(new MeshError("UNAVAILABLE", "reading batch results broke off"));
      });
    });
  }

  return {
    get pid() {
      return child?.pid;
    },
    async ask(question) {
      const key = JSON.stringify(question);
      const known = asked.get(key);
      if (known) return known;
      clearTimeout(idle);
      const answer = send(question);
      asked.set(key, answer);
      try {
        return await answer;
      } finally {
        asked.delete(key);
        clearTimeout(idle);
        if (asked.size === 0) idle = setTimeout(end, idleMs).unref();
      }
    },
    close() {
      clearTimeout(idle);
      end();
    },
  };
}
