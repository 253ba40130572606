import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Listening } from "#kit/lifecycle/announce.ts";

const root = new URL("../..", import.meta.url).pathname;

/** One of our programs as a process of its own. */
export interface NodeProcess {
  readonly pid: number;
  /** Where it listens, as it has said. */
  readonly listening: Listening;
  /** What it has logged so far. */
  readonly lines: readonly string[];
  /** Sends the signal and waits for the end; gives back the exit code and the time it took. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly ms: number }>;
}

/** Starts a program of ours, by its path from the root, and waits until it says that it is ready. */
export async function startNodeProcess(
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<NodeProcess> {
  const child = spawn(process.execPath, ["--max-semi-space-size=8", file], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on("line", (line) => lines.push(line));
  }
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`${file} ended with ${code}:\n${lines.slice(-20).join("\n")}`);
  });
  failed.catch(() => undefined); // told by the race below, or expected
  const [{ listening }] = (await Promise.race([once(child, "message"), failed])) as [
    { listening: Listening },
  ];
  return {
    pid: child.pid ?? -1,
    listening,
    lines,
    async end(signal) {
      const started = performance.now();
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, "exit");
        child.kill(signal);
        await gone;
      }
      return { code: child.exitCode, ms: performance.now() - started };
    },
  };
}
