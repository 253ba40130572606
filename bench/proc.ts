import { readdirSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";

/** Processor time that a process has used, ms; finer than what `times` gives. */
export interface CpuTime {
  readonly allThreadsMs: number;
  /** The main thread's, where Node runs JavaScript. */
  readonly mainThreadMs: number;
}

export function cpuTime(pid: number): CpuTime {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => threadMs(pid, thread));
  return {
    allThreadsMs: threads.reduce((sum, value) => sum + value, 0),
    mainThreadMs: threadMs(pid, String(pid)),
  };
}

function threadMs(pid: number, thread: string): number {
  const [runNs] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
  return Number(runNs) / 1e6;
}

/** Processor time that everything on the machine has used, all cores together, ms. */
export function busyMs(): number {
  return cpus().reduce(
    (sum, { times }) => sum + times.user + times.nice + times.sys + times.irq,
    0,
  );
}

/** Resident memory, MiB: all of it, and what only this process has. */
export function memoryMb(pid: number): { readonly resident: number; readonly own: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) / 1024;
  return { resident: field("VmRSS"), own: field("RssAnon") };
}

export function loadAverage(): string {
  return loadavg()
    .map((load) => load.toFixed(2))
    .join(" ");
}
