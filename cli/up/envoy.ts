import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
import { runtimeOf } from "#kit/traffic/runtime.ts";
import { prepareLaunch } from "../../envoy/launch.ts";
import { renderEnvoy } from "../../envoy/render.ts";
import { writeTrafficLayer } from "../../envoy/run-files.ts";
import type { Launch, Listening } from "./child.ts";
import { HOST } from "./ports.ts";

export interface EnvoyOptions {
  readonly binary: string;
  /** Absolute; configuration, endpoints and the saved traffic live here. */
  readonly runDir: string;
  /** 0: the kernel chooses. */
  readonly ports: { readonly edge: number; readonly mesh: number; readonly admin: number };
  readonly env: NodeJS.ProcessEnv;
  /** Share of the traces begun by Envoy that are recorded. */
  readonly traceRate: number;
}

/**
 * How to run Envoy; a restarted one keeps its ports, reads the endpoints as they are by then, and starts
 * with the weights of the saved layer.
 */
export function envoyLaunch(options: EnvoyOptions, last: Listening | undefined): Launch {
  const { binary, runDir, ports, env, traceRate } = options;
  const config = renderEnvoy({
    edge: last?.["edge"] ?? `${HOST}:${ports.edge}`,
    mesh: last?.["mesh"] ?? `${HOST}:${ports.mesh}`,
    admin: last?.["admin"] ?? `${HOST}:${ports.admin}`,
    runDir,
    traceRate,
  });
  const { args, untilReady } = prepareLaunch(runDir, config);
  return {
    name: "envoy",
    command: binary,
    args,
    env,
    cwd: runDir,
    ready: async (_, signal) => ({ ...(await untilReady(signal)) }),
  };
}

/** Saves every service's traffic where Envoy reads it when it starts: the same keys as are pushed. */
export function saveTraffic(runDir: string, traffics: readonly Traffic[]): void {
  writeTrafficLayer(runDir, runtimeOf(traffics));
}
