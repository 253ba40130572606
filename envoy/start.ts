import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 20;

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

export interface RunningEnvoy {
  /** `host:port` as bound, for each listener. */
  readonly edge: string;
  readonly mesh: string;
  readonly admin: string;
  readonly pid: number;
  /** Settles when the process has gone, asked or not. */
  readonly exited: Promise<Exit>;
  /** Ends it; open calls are cut. Kills it when it takes longer than `graceMs`, default 5000. */
  stop(graceMs?: number): Promise<void>;
}

/** Starts Envoy and waits until it serves. Fails with one sentence, and leaves no process, when it does not. */
export async function startEnvoy(options: StartEnvoyOptions): Promise<RunningEnvoy> {
  const adminFile = join(options.runDir, "admin-address");
  const launched = launch(options, adminFile);
  try {
    const admin = await waitUntilReady(launched, adminFile, options);
    const { edge, mesh } = await readListeners(admin);
    const { pid, exited, stop } = launched;
    return { edge, mesh, admin, pid, exited, stop };
  } catch (error) {
    await launched.stop();
    throw error;
  }
}

interface Launched {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  stop(graceMs?: number): Promise<void>;
  /** Why it is not running any more, or undefined while it is. */
  failure(): string | undefined;
}

function launch(options: StartEnvoyOptions, adminFile: string): Launched {
  mkdirSync(options.runDir, { recursive: true });
  rmSync(adminFile, { force: true }); // an earlier run's would be taken for ours
  const configFile = join(options.runDir, "envoy.json");
  writeFileSync(configFile, options.config);
  const args = ["-c", configFile, "--admin-address-path", adminFile];
  // Hot restart would claim a machine-wide id; two threads are what a laptop can spare.
  args.push("--disable-hot-restart", "--concurrency", "2", "-l", "warning");
  const child = spawn(options.binary, args, {
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
  adminFile: string,
  { readyTimeoutMs = 30_000, signal }: StartEnvoyOptions,
): Promise<string> {
  const deadline = Date.now() + readyTimeoutMs;
  for (;;) {
    const failure = launched.failure();
    if (failure !== undefined) throw new Error(failure);
    const admin = readIfThere(adminFile);
    if (admin !== "" && (await answersReady(admin))) return admin;
    if (Date.now() > deadline) throw new Error(`Envoy was not ready after ${readyTimeoutMs} ms`);
    await sleep(POLL_MS, undefined, signal ? { signal } : {});
  }
}

async function answersReady(admin: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${admin}/ready`, { signal: AbortSignal.timeout(1000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false; // not listening yet, or too busy: asked again
  }
}

async function readListeners(admin: string): Promise<{ edge: string; mesh: string }> {
  const response = await fetch(`http://${admin}/listeners?format=json`, {
    signal: AbortSignal.timeout(5000),
  });
  const { listener_statuses: statuses } = (await response.json()) as {
    listener_statuses: {
      name: string;
      local_address: { socket_address: { address: string; port_value: number } };
    }[];
  };
  const addressOf = (name: string) => {
    const found = statuses.find((status) => status.name === name)?.local_address.socket_address;
    if (!found) throw new Error(`Envoy has no listener named ${name}`);
    const host = found.address.includes(":") ? `[${found.address}]` : found.address;
    return `${host}:${found.port_value}`;
  };
  return { edge: addressOf("edge"), mesh: addressOf("mesh") };
}

/** One sentence; Envoy's last line says why, after a stamp that nobody needs. */
function explain(code: number | null, signal: NodeJS.Signals | null, lastLine: string): string {
  const end = code === null ? `by ${signal}` : `with code ${code}`;
  const reason = lastLine.replace(/^(\[[^\]]*\])+ (\[[^\]]*\] )?/, "");
  return `Envoy ended ${end}: ${reason || "it said nothing"}`;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return ""; // not written yet
  }
}
