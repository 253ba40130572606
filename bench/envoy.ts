import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readTools } from "../cli/up/tools.ts";
import { renderEnvoy } from "../envoy/render.ts";
import { prepareRunDir, writeEndpoints } from "../envoy/run-files.ts";
import { startEnvoy } from "../envoy/start.ts";
import { createScratchFolder } from "./scratch-folder.ts";

export interface BenchEnvoy {
  readonly edge: string;
  readonly mesh: string;
  /** Says where a cluster is. */
  route(cluster: string, address: string): void;
  stop(): Promise<void>;
}

/** Envoy with the mesh's own configuration. */
export async function startBenchEnvoy(): Promise<BenchEnvoy> {
  const scratch = createScratchFolder("envoy");
  const runDir = scratch.path;
  prepareRunDir(runDir);
  const any = "127.0.0.1:0";
  const envoy = await startEnvoy({
    binary: readTools(join(import.meta.dirname, ".."), process.env).envoy.path,
    config: renderEnvoy({ edge: any, mesh: any, admin: any, runDir }),
    runDir,
    log: () => {}, // a benchmark's output is its tables; a failed start says its reason itself
  });
  const end = () => void process.kill(envoy.pid, "SIGTERM");
  process.once("exit", end); // Ctrl-C leaves nothing behind
  void envoy.exited.then(() => process.off("exit", end));
  return {
    edge: envoy.edge,
    mesh: envoy.mesh,
    route: (cluster, address) => writeEndpoints(runDir, cluster, [address]),
    async stop() {
      await envoy.stop();
      scratch.remove();
    },
  };
}

/** Repeats `attempt` until it works: Envoy needs a moment to see a new address and find it healthy. */
export async function untilItWorks<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (cause) {
      if (tries >= 100) throw cause;
      await sleep(100);
    }
  }
}
