import { spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";

const KILL_AFTER_MS = 2_000;

/**
 * Runs a command and returns { code, output }, where output is stdout and stderr as they came, also appended to
 * options.log when given. Aborting options.signal stops the command; the call then throws the signal's reason,
 * and only after the command has gone, so that what it was writing can be removed.
 */
export async function run(command, args, { env = process.env, cwd, log, signal, timeoutMs } = {}) {
  signal?.throwIfAborted();
  const file = log === undefined ? undefined : openSync(log, "a");
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const chunks = [];
  const keep = (chunk) => {
    chunks.push(chunk);
    if (file !== undefined) writeSync(file, chunk);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);

  const stop = stopper(child);
  signal?.addEventListener("abort", stop.now);
  const limit = timeoutMs === undefined ? undefined : setTimeout(stop.now, timeoutMs);
  const code = await new Promise((resolve) => {
    child.once("error", (error) => {
      keep(Buffer.from(`${error.message}\n`));
      resolve(127); // what a shell answers for a command that cannot be started
    });
    child.once("close", (exitCode) => resolve(exitCode ?? 1));
  });
  clearTimeout(limit);
  stop.forget();
  signal?.removeEventListener("abort", stop.now);
  if (file !== undefined) closeSync(file);
  signal?.throwIfAborted();
  return { code, output: Buffer.concat(chunks).toString("utf8") };
}

/** SIGTERM first; SIGKILL for a command that does not listen. */
function stopper(child) {
  let timer;
  return {
    now: () => {
      child.kill("SIGTERM");
      timer ??= setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
    },
    forget: () => clearTimeout(timer),
  };
}
