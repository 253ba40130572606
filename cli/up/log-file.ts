import { closeSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Where one process's lines are kept. */
export interface LogFile {
  readonly path: string;
  write(line: string): void;
  close(): void;
}

/**
 * Starts `<dir>/<process>.log` empty. Above `maxBytes` (default 16 MiB) it becomes `.log.1`, replacing the
 * one before, so that a mesh left running for weeks fills no disk.
 */
export function openLogFile(dir: string, process: string, maxBytes = 16 << 20): LogFile {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, `${process}.log`);
  let file: number | undefined = openSync(path, "w");
  let bytes = 0;
  return {
    path,
    write(line) {
      if (file === undefined) return;
      bytes += writeSync(file, `${line}\n`);
      if (bytes < maxBytes) return;
      closeSync(file);
      renameSync(path, `${path}.1`);
      file = openSync(path, "w");
      bytes = 0;
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
