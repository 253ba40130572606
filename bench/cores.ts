import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** What is measured runs here. */
export const SERVER_CORE = "1";
/** The generator and everything that is not measured run here. */
export const OTHER_CORE = "0";

/** Fails with one sentence on a machine where the generator would disturb what it measures. */
export function requireTwoCores(): void {
  if (process.platform !== "linux" || availableParallelism() < 2) {
    throw new Error(
      "The benchmark needs Linux with at least two cores: it pins server and generator.",
    );
  }
}

/** Keeps a process's main thread on the server's core; its other threads may use both. */
export function freeOtherThreads(pid: number): void {
  execFileSync("taskset", ["-a", "-p", "-c", `${OTHER_CORE},${SERVER_CORE}`, String(pid)]);
  execFileSync("taskset", ["-p", "-c", SERVER_CORE, String(pid)]);
}
