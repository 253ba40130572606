import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Listening } from "#kit/lifecycle/announce.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

export interface ChildOptions {
  /** Path from the repository's root. */
  readonly file: string;
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Core or cores, as taskset takes them. Default: any. */
  readonly cores?: string;
}

export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<void>;
}

/** Starts one of our Node programs with an IPC channel; it ends when the benchmark does. */
export function startNode(options: ChildOptions): Child {
  const node = [
    process.execPath,
    ...(options.nodeArgs ?? []),
    options.file,
    ...(options.args ?? []),
  ];
  const command = options.cores === undefined ? node : ["taskset", "-c", options.cores, ...node];
  return startCommand(command, options.env);
}

/** Starts a program; taskset replaces itself, so the process number is the program's own. */
export function startCommand(
  [command = "", ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Child {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    serialization: "advanced",
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve()); // nothing was started: nothing to wait for
  });
  const end = () => void child.kill("SIGTERM");
  process.once("exit", end); // Ctrl-C leaves nothing behind
  void ended.then(() => process.off("exit", end));
  return {
    process: child,
    pid: child.pid ?? -1,
    stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

/** Waits for the word of a service of ours that it is ready. */
export async function listeningOf({ process: child }: Child): Promise<Listening> {
  const { listening } = await nextMessage<{ listening: Listening }>(child);
  return listening;
}

/** The next message of a child, or a failure when it ends without one. */
export function nextMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) =>
      reject(new Error(`${child.spawnargs.slice(-2).join(" ")} ended with ${code}`));
    const failed = (error: Error) => reject(error);
    child.once("exit", ended);
    child.once("error", failed);
    child.once("message", (message) => {
      child.off("exit", ended);
      child.off("error", failed);
      resolve(message as T);
    });
  });
}
