import { readFileSync } from "node:fs";

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the kernel's ticks; "" where the system does not tell. */
  readonly startTicks: string;
}

/** Who has this process number now, or undefined when nobody has. */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!isAlive(pid)) return undefined;
  return { pid, startTicks: readStartTicks(pid) };
}

/** Whether that very process still runs. Without start times the number alone has to do. */
export function isRunning(known: ProcessIdentity): boolean {
  const now = identify(known.pid);
  if (!now) return false;
  return now.startTicks === known.startTicks || known.startTicks === "" || now.startTicks === "";
}

/** Whether it is certain that the number still belongs to that process; needed before killing it. */
export function isCertainlyRunning(known: ProcessIdentity): boolean {
  return known.startTicks !== "" && identify(known.pid)?.startTicks === known.startTicks;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return !/^\S+ \(.*\) [ZX]/s.test(readStat(pid)); // a zombie is dead, only not yet buried
}

function readStartTicks(pid: number): string {
  const afterName = readStat(pid).replace(/^.*\) /s, "");
  return afterName.split(" ")[19] ?? "";
}

function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return ""; // no such process, or a system without /proc
  }
}
