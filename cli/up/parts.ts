import { createBackOff } from "./back-off.ts";
import type { Exit, Launch, Listening } from "./child.ts";
import { parseLogLine } from "./log-line.ts";
import type { LogPrinter } from "./log-printer.ts";
import { openProcessLog, type ProcessLog } from "./process-log.ts";
import { type Supervised, supervise } from "./supervise.ts";

/**
 * What stops after what, and how long each may take of the 10 s in all: first what makes requests, then
 * what answers them, last what carries them. Time that one does not need is left to the next.
 */
export const stopOrder = [
  { stage: "simulator", shareMs: 1_000 },
  { stage: "rollout", shareMs: 500 },
  { stage: "gateway", shareMs: 1_500 },
  { stage: "backend", shareMs: 2_000 },
  { stage: "models", shareMs: 2_500 },
  { stage: "envoy", shareMs: 1_000 },
  { stage: "nats", shareMs: 1_000 },
] as const;

export type Stage = (typeof stopOrder)[number]["stage"];

/** One process to keep running. */
export interface PartPlan {
  readonly name: string;
  readonly stage: Stage;
  readonly launch: (last: Listening | undefined) => Launch;
  readonly mayFinish?: boolean;
  readonly readyWithinMs?: number;
  readonly onReady?: (listening: Listening) => void;
  readonly onExit?: (exit: Exit, finished: boolean) => void;
}

/** All processes of a running mesh. */
export interface Parts {
  /** Starts one; resolves once it is ready, fails with the culprit's name and its last lines. */
  start(plan: PartPlan): Promise<Listening>;
  /** Ends it for good: SIGTERM, then SIGKILL after `graceMs`, default 5000. No work when it is not there. */
  stop(name: string, graceMs?: number): Promise<void>;
  /** Ends one that is alive and sick, so that it is started again. */
  restart(name: string, reason: string): Promise<void>;
  pids(): Record<string, number>;
  /** Stops everything in order, within 10 s. */
  stopAll(): Promise<void>;
  /** Kills everything at once. */
  killAll(): void;
}

export interface PartsOptions {
  readonly logDir: string;
  readonly print: LogPrinter;
  /** A process was started or has ended. */
  readonly onPid: (name: string, pid: number | undefined) => void;
  /** A process is ready, after each start; undefined: it has ended for good. */
  readonly onPlace?: (name: string, listening: Listening | undefined) => void;
}

/** The start of a process failed; says which, and what it said last. */
export class StartFailure extends Error {
  readonly part: string;
  readonly logPath: string;
  readonly tail: readonly string[];

  constructor(part: string, log: ProcessLog, cause: unknown) {
    super(`${part} ${cause instanceof Error ? cause.message : cause}`, { cause });
    this.name = "StartFailure";
    this.part = part;
    this.logPath = log.path;
    this.tail = log.tail();
  }
}

/** The failure and what the process said last, for somebody who does not see its log. */
export function describeFailure({ message, tail }: StartFailure): string {
  const words = tail
    .map((line) => parseLogLine(line, "info", () => new Date()))
    .map(({ message: said, fields: { err } }) => [said, reasonOf(err)].filter(Boolean).join(": "))
    .filter((line) => !/^\s+at |^\s*[{}^]|^Node\.js v/.test(line)); // where it was, not why
  return words.length === 0 ? message : `${message}; it said last: ${words.join(" | ")}`;
}

function reasonOf(error: unknown): string {
  const isError = typeof error === "object" && error !== null && "message" in error;
  return isError ? String(error.message) : "";
}

export function createParts(options: PartsOptions): Parts {
  const running = new Map<string, { plan: PartPlan; process: Supervised; log: ProcessLog }>();
  const pids = new Map<string, number>();
  let stopping = false;

  const stopOne = async (name: string, graceMs: number) => {
    const part = running.get(name);
    await part?.process.stop(graceMs);
    part?.log.close();
    running.delete(name);
    options.onPlace?.(name, undefined);
  };

  return {
    async start(plan) {
      if (stopping) throw new Error(`${plan.name} is not started: the mesh is stopping`);
      const log = openProcessLog(options.logDir, plan.name, options.print);
      const process = supervise({
        launch: plan.launch,
        log,
        backOff: createBackOff(),
        onPid: (pid) => {
          if (pid === undefined) pids.delete(plan.name);
          else pids.set(plan.name, pid);
          options.onPid(plan.name, pid);
        },
        ...(plan.mayFinish === undefined ? {} : { mayFinish: plan.mayFinish }),
        ...(plan.readyWithinMs === undefined ? {} : { readyWithinMs: plan.readyWithinMs }),
        onReady: (listening) => {
          options.onPlace?.(plan.name, listening);
          plan.onReady?.(listening);
        },
        onExit: (exit, finished) => {
          if (finished) options.onPlace?.(plan.name, undefined);
          plan.onExit?.(exit, finished);
        },
      });
      running.set(plan.name, { plan, process, log });
      try {
        return await process.started;
      } catch (cause) {
        throw new StartFailure(plan.name, log, cause);
      }
    },
    stop: (name, graceMs = 5_000) => stopOne(name, graceMs),
    async restart(name, reason) {
      const part = running.get(name);
      if (!part || stopping) return;
      part.log.say("error", `${reason}: starting it again`);
      await part.process.restart(2_000);
    },
    pids: () => Object.fromEntries(pids),
    async stopAll() {
      stopping = true;
      for (const { log } of running.values()) log.expectEnd();
      let deadline = performance.now();
      for (const { stage, shareMs } of stopOrder) {
        deadline += shareMs;
        const graceMs = deadline - performance.now();
        const names = [...running].filter(([, { plan }]) => plan.stage === stage);
        await Promise.all(names.map(([name]) => stopOne(name, graceMs)));
      }
    },
    killAll() {
      stopping = true;
      for (const { process } of running.values()) process.kill();
    },
  };
}
