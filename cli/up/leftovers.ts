import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isCertainlyRunning, type ProcessIdentity } from "./process-identity.ts";

/**
 * Keeps who was started in `<run dir>/<process>.pid`, so that the next start can end what a killed
 * supervisor left behind.
 */
export function createPidFiles(runDir: string) {
  mkdirSync(runDir, { recursive: true });
  return {
    /** Notes the process's number, or that it has ended. */
    set(process: string, pid: number | undefined): void {
      const path = join(runDir, `${process}.pid`);
      const identity = pid === undefined ? undefined : identify(pid);
      if (identity) writeFileSync(path, JSON.stringify(identity));
      else rmSync(path, { force: true });
    },
  };
}

/**
 * Ends every noted process that certainly is the one noted, empties the folder, and gives back their names.
 */
export async function endLeftovers(runDir: string, withinMs = 4_000): Promise<string[]> {
  mkdirSync(runDir, { recursive: true });
  const noted = readdirSync(runDir)
    .filter((name) => name.endsWith(".pid"))
    .flatMap((name) => readIdentity(join(runDir, name)));
  const left = noted.filter(({ identity }) => isCertainlyRunning(identity));
  signalAll(left, "SIGTERM");
  const deadline = performance.now() + withinMs;
  while (left.some(({ identity }) => isCertainlyRunning(identity))) {
    if (performance.now() > deadline) signalAll(left, "SIGKILL");
    await sleep(50);
  }
  for (const name of readdirSync(runDir)) rmSync(join(runDir, name), { recursive: true });
  return left.map(({ path }) => path.replace(/^.*\/|\.pid$/g, ""));
}

type Noted = { readonly path: string; readonly identity: ProcessIdentity };

function readIdentity(path: string): Noted[] {
  try {
    return [{ path, identity: JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity }];
  } catch {
    return []; // half written: nothing can be known of it
  }
}

function signalAll(left: readonly Noted[], signal: NodeJS.Signals): void {
  for (const { identity } of left) {
    if (!isCertainlyRunning(identity)) continue;
    try {
      process.kill(identity.pid, signal);
    } catch {
      // it ended just now
    }
  }
}
