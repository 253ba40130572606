import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { onLines } from "./lines.ts";

/** Where a process can be reached, by name: `rpc`, `http`, `console`. */
export type Listening = Readonly<Record<string, string>>;

/** What to run, and how to tell that it is ready. */
export interface Launch {
  /** Shown before its lines and used for its log file: `tip-blue`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /**
   * `announce`: the process tells over IPC, with its addresses. Otherwise a probe that resolves to them;
   * it should give up when its signal aborts.
   */
  readonly ready: "announce" | ((pid: number, signal: AbortSignal) => Promise<Listening>);
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of one process. */
export interface Child {
  readonly pid: number;
  /** Its addresses once it is ready; fails when it ends before that. */
  readonly ready: Promise<Listening>;
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL once `graceMs` has passed. */
  stop(graceMs: number): Promise<Exit>;
}

/**
 * Starts a process in a group of its own: Ctrl-C reaches only the supervisor, which stops everything in
 * order. Mesh processes end by themselves when the IPC channel closes, so they cannot outlive it.
 */
export function startChild(
  launch: Launch,
  onLine: (line: string, stream: "stdout" | "stderr") => void,
): Child {
  const child = spawn(launch.command, launch.args, {
    cwd: launch.cwd,
    env: launch.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", ...(launch.ready === "announce" ? ["ipc" as const] : [])],
  });
  if (child.stdout) onLines(child.stdout, (line) => onLine(line, "stdout"));
  if (child.stderr) onLines(child.stderr, (line) => onLine(line, "stderr"));
  const exited = new Promise<Exit>((resolve) => {
    child.once("error", (cause) => {
      onLine(`${launch.command} cannot be started: ${cause.message}`, "stderr");
      if (child.pid === undefined) resolve({ code: 127, signal: null });
    });
    child.once("close", (code, signal) => resolve({ code, signal }));
    // A grandchild may hold the pipes open: after the last words, do not wait for it.
    child.once("exit", (code, signal) => setTimeout(resolve, 500, { code, signal }).unref());
  });
  const ready = whenReady(launch, child, exited);
  ready.catch(() => undefined); // whoever waits for it hears of it; the exit is told apart
  const kill = (signal: NodeJS.Signals) => void child.kill(signal);
  return {
    pid: child.pid ?? 0,
    ready,
    exited,
    kill,
    async stop(graceMs) {
      kill("SIGTERM");
      const timer = new AbortController();
      const late = sleep(graceMs, undefined, { signal: timer.signal }).then(
        () => kill("SIGKILL"),
        () => undefined, // it ended in time
      );
      const exit = await exited;
      timer.abort();
      await late;
      return exit;
    },
  };
}

async function whenReady(
  launch: Launch,
  child: ChildProcess,
  exited: Promise<Exit>,
): Promise<Listening> {
  const over = new AbortController();
  const ended = exited.then((exit): never => {
    over.abort();
    throw new Error(`${launch.name} ended before it was ready (${describeExit(exit)})`);
  });
  const up =
    launch.ready === "announce" ? announced(child) : launch.ready(child.pid ?? 0, over.signal);
  up.catch(() => undefined); // settled by the race, or by the abort when nobody waits any more
  return Promise.race([up, ended]);
}

function announced(child: ChildProcess): Promise<Listening> {
  return new Promise((resolve) => {
    child.on("message", (message) => {
      if (typeof message !== "object" || message === null || !("ready" in message)) return;
      resolve("listening" in message ? (message.listening as Listening) : {});
    });
  });
}

/** `exit 1`, or the signal's name. */
export function describeExit({ code, signal }: Exit): string {
  return signal ?? `exit ${code}`;
}
