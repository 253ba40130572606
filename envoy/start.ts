import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type EnvoyAddresses, type EnvoyLaunch, prepareLaunch } from "./launch.ts";

export interface StartEnvoyOptions {
  /** The Envoy binary. */
  readonly binary: string;
  /** The configuration's text, as `renderEnvoy` makes it. */
  readonly config: string;
  /** The folder that the configuration was rendered for, prepared by `prepareRunDir`. */
  readonly runDir: string;
  /** Gets each line that Envoy logs. */
  readonly log: (line: string) => void;
  /** Time until it must be ready. Default 30 000: the first start on a cold disk reads 100 MB. */
  readonly readyTimeoutMs?: number;
  /** Gives up waiting and stops what was started. */
  readonly signal?: AbortSignal;
  /** True where Ctrl-C on the terminal must not reach it directly. Default false. */
  readonly ownProcessGroup?: boolean;
}

/** How a process ended: one of the two is set. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningEnvoy extends EnvoyAddresses {
  readonly pid: number;
  /** Settles when the process has gone, asked or not. */
  readonly exited: Promise<Exit>;
  /** Ends it; open calls are cut. Kills it when it takes longer than `graceMs`, default 5000. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts Envoy and waits until it serves. Fails with one sentence, and leaves no process, when it does not. */
export async function startEnvoy(options: StartEnvoyOptions): Promise<RunningEnvoy> {
  const launched = launch(options);
  try {
    const addresses = await waitUntilReady(launched, options);
    const { pid, exited, stop } = launched;
    return { ...addresses, pid, exited, stop };
  } catch (error) {
    await launched.stop();
    throw error;
  }
}

interface Launched {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  stop(graceMs?: number): Promise<void>;
  readonly untilReady: EnvoyLaunch["untilReady"];
  /** Why it is not running any more, or undefined while it is. */
  failure(): string | undefined;
}

function launch(options: StartEnvoyOptions): Launched {
  const { args, untilReady } = prepareLaunch(options.runDir, options.config);
  const child = spawn(options.binary, [...args], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: options.ownProcessGroup ?? false,
  });

  let lastLine = "";
  createInterface({ input: child.stderr }).on("line", (line) => {
    lastLine = line;
    options.log(line);
  });
  let failure: string | undefined;
  const exited = new Promise<Exit>((resolve) => {
    // "close", not "exit": by then the last line was read.
    child.once("close", (code, signal) => {
      failure ??= explain(code, signal, lastLine);
      resolve({ code, signal });
    });
    child.once("error", (error) => {
      failure = `Envoy cannot be started: ${error.message}`;
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
  });
  return {
    pid: child.pid ?? -1,
    exited,
    untilReady,
    stop: (graceMs = 5000) => stop(child, exited, graceMs),
    failure: () => failure,
  };
}

async function stop(child: ChildProcess, exited: Promise<Exit>, graceMs: number): Promise<void> {
  child.kill("SIGTERM");
  const kill = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await exited;
  clearTimeout(kill);
}

async function waitUntilReady(
  launched: Launched,
  { readyTimeoutMs = 30_000, signal }: StartEnvoyOptions,
): Promise<EnvoyAddresses> {
  const timeout = AbortSignal.timeout(readyTimeoutMs);
  const ended = new AbortController();
  try {
    return await Promise.race([
      launched.untilReady(AbortSignal.any([timeout, ended.signal, ...(signal ? [signal] : [])])),
      launched.exited.then(() => Promise.reject(new Error(launched.failure()))),
    ]);
  } catch (cause) {
    if (timeout.aborted)
      throw new Error(`Envoy was not ready after ${readyTimeoutMs} ms`, { cause });
    throw cause;
  } finally {
    ended.abort();
  }
}

/** One sentence; Envoy's last line says why, after a stamp that nobody needs. */
function explain(code: number | null, signal: NodeJS.Signals | null, lastLine: string): string {
  const end = code === null ? `by ${signal}` : `with code ${code}`;
  const reason = lastLine.replace(/^(\[[^\]]*\])+ (\[[^\]]*\] )?/, "");
  return `Envoy ended ${end}: ${reason || "it said nothing"}`;
}
