import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../problem.ts";
import { identify, isRunning, type ProcessIdentity } from "./process-identity.ts";

/** The right to use a data directory. */
export interface Lock {
  /** True when the last owner died without giving the directory back. */
  readonly takenOver: boolean;
  release(): void;
}

/**
 * Takes the data directory for this process, making it where it is missing. The lock of a dead process is
 * taken over; a living one's is a problem that names it.
 */
export function lockDataDir(dataDir: string, pid: number = process.pid): Lock {
  const path = join(dataDir, "lock");
  try {
    mkdirSync(dataDir, { recursive: true });
  } catch (cause) {
    throw new Problem(`The data directory ${dataDir} cannot be made: choose another --data-dir.`, {
      cause,
    });
  }
  const mine = JSON.stringify(identify(pid) ?? { pid, startTicks: "" });
  const takenOver = acquire(path, mine, dataDir);
  return {
    takenOver,
    release() {
      if (read(path) === mine) rmSync(path, { force: true });
    },
  };
}

/** Whose lock is on the data directory, if its owner is alive. */
export function lockOwner(dataDir: string): ProcessIdentity | undefined {
  const text = read(join(dataDir, "lock"));
  const owner = text === undefined ? undefined : parse(text);
  return owner && isRunning(owner) ? owner : undefined;
}

function acquire(path: string, mine: string, dataDir: string): boolean {
  if (create(path, mine)) return false;
  const found = read(path);
  const owner = found === undefined ? undefined : parse(found);
  if (owner && isRunning(owner)) throw taken(dataDir, owner.pid);

  // Two may find the same dead owner: each moves away what it finds, and whoever moved a living one's
  // lock puts it back.
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    // somebody else moved it first: creating decides
  }
  const moved = read(aside);
  if (moved !== undefined && moved !== found) {
    linkSync(aside, path);
    rmSync(aside);
    throw taken(dataDir, parse(moved)?.pid);
  }
  rmSync(aside, { force: true });
  if (!create(path, mine)) throw taken(dataDir, parse(read(path) ?? "")?.pid);
  return true;
}

function taken(dataDir: string, pid: number | undefined): Problem {
  const who = pid === undefined ? "another process" : `process ${pid}`;
  return new Problem(
    `A mesh already runs on ${dataDir} (${who}): stop it first, or choose another --data-dir.`,
  );
}

function create(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw new Problem(`${path} cannot be written: choose another --data-dir.`, { cause: error });
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // not there
  }
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    const { pid, startTicks } = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof pid === "number" ? { pid, startTicks: String(startTicks ?? "") } : undefined;
  } catch {
    return undefined; // half written by a process that died
  }
}
