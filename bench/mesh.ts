import { setTimeout as sleep } from "node:timers/promises";
import { type MeshFile, readMeshFile } from "../cli/up/mesh-file.ts";
import { startNode } from "./child.ts";
import { createScratchFolder } from "./scratch-folder.ts";

/** Time that `mesh up` may take to be ready. */
const READY_WITHIN_MS = 60_000;

export interface BenchMesh extends MeshFile {
  /** The process of `mesh up` itself. */
  readonly supervisorPid: number;
  stop(): Promise<void>;
}

/** The whole mesh, as `mesh up` starts it, on free ports and without a replay. */
export async function startMesh(): Promise<BenchMesh> {
  const scratch = createScratchFolder("mesh");
  const dataDir = scratch.path;
  const child = startNode({
    file: "cli/main.ts",
    args: ["up", "--ports", "auto", "--no-replay", "--data-dir", dataDir],
  });
  const stop = async () => {
    await child.stop();
    scratch.remove();
  };
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline && child.process.exitCode === null) {
    const mesh = readMeshFile(dataDir);
    if (mesh) return { ...mesh, supervisorPid: child.pid, stop };
    await sleep(50);
  }
  await stop();
  throw new Error("mesh up did not become ready: run it by hand to see why");
}
