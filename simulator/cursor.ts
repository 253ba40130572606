import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Logger } from "#kit/telemetry/log.ts";

const FILE = "simulator.json";

const schema = z.object({
  /** What the position belongs to: another seed or kind of trips starts anew. */
  replay: z.string(),
  /** Trips taken from the source so far. */
  taken: z.number().int().nonnegative(),
  /** The last of them, in the order of the source. */
  through: z.object({ pickupMs: z.number(), row: z.number() }),
  /** Those among them that are not over. */
  open: z.array(
    z.object({
      id: z.string(),
      pickupMs: z.number(),
      stepsDone: z.number().int().nonnegative(),
      tripId: z.string(),
    }),
  ),
});

/** How far a replay has come: enough for a new process to go on, with the rides that were under way. */
export type Cursor = z.output<typeof schema>;

export interface CursorFile {
  readonly path: string;
  /** The cursor of `replay`, or undefined to start at the first trip. */
  load(replay: string): Cursor | undefined;
  /** Replaces the file in one step, so that a kill leaves the old or the new one. */
  save(cursor: Cursor): void;
}

/** The cursor in `folder`, which is made when needed. */
export function openCursorFile(folder: string, log: Logger): CursorFile {
  const path = join(folder, FILE);
  mkdirSync(folder, { recursive: true });
  return {
    path,
    load(replay) {
      const cursor = read(path, log);
      if (cursor === undefined || cursor.replay === replay) return cursor;
      log.warn(
        { path, was: cursor.replay, is: replay },
        "the cursor is of another replay: starting anew",
      );
      return undefined;
    },
    save(cursor) {
      const partial = `${path}.${process.pid}.part`;
      writeFileSync(partial, JSON.stringify(cursor));
      renameSync(partial, path);
    },
  };
}

function read(path: string, log: Logger): Cursor | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    if (isMissing(error)) return undefined;
    // Repeating the replay is harmless (same request ids), refusing to start is not.
    log.warn({ path, err: error }, "the cursor cannot be read: starting anew");
    return undefined;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
