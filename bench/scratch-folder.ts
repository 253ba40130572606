import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ScratchFolder {
  readonly path: string;
  remove(): void;
}

/** A folder for one process of a measurement; it also goes when the benchmark is interrupted. */
export function createScratchFolder(name: string, parent = tmpdir()): ScratchFolder {
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, `tripmesh-bench-${name}-`));
  // Retries: an interrupted process may still be writing its last file.
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 10 });
  process.once("exit", remove);
  return {
    path,
    remove() {
      process.off("exit", remove);
      remove();
    },
  };
}
