import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A disk of a few megabytes that can be filled. */
export interface SmallDisk {
  fill(): void;
  empty(): void;
  unmount(): void;
}

/** Mounts one; needs the right to, which `unshare` gives (see main.ts). */
export function mountSmallDisk(path: string, megabytes: number): SmallDisk {
  mkdirSync(path, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path]);
  const filler = join(path, "filler");
  return {
    fill() {
      const { bavail, bsize } = statfsSync(path);
      try {
        writeFileSync(filler, Buffer.alloc(bavail * bsize));
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "ENOSPC") throw cause;
        // The servers wrote meanwhile: it is full.
      }
    },
    empty: () => rmSync(filler, { force: true }),
    unmount() {
      execFileSync("umount", ["--lazy", path]); // a process that hangs must not hold it
    },
  };
}
