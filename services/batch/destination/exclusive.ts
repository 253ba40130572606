import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

const SQLITE_BUSY = 5;

/** A lock between processes of this machine. */
export interface Exclusive {
  release(): void;
}

/**
 * Takes the lock of a file, waiting up to `waitMs` for whoever has it; undefined when that was not enough.
 *
 * The lock is SQLite's on an otherwise empty database: the kernel takes it back when its holder dies in
 * whatever way, so that nobody has to find out whether a lock that was left behind is still meant.
 */
export function takeExclusive(path: string, waitMs: number): Exclusive | undefined {
  mkdirSync(dirname(path), { recursive: true });
  const db = new DatabaseSync(path, { timeout: waitMs });
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    db.close();
    if (((cause as { errcode?: number }).errcode ?? 0) === SQLITE_BUSY) return undefined;
    throw cause;
  }
  return { release: () => db.close() };
}
