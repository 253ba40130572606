import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Traffic } from "#gen/tripmesh/rollout/v1/traffic.ts";
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
}

/**
 * How to run Envoy; a restarted one keeps its ports, reads the endpoints as they are by then, and starts
 * with the weights of the saved layer.
 */
export function envoyLaunch(options: EnvoyOptions, last: Listening | undefined): Launch {
  const { binary, runDir, ports, env } = options;
  mkdirSync(runDir, { recursive: true });
  const config = join(runDir, "envoy.json");
  const adminFile = join(runDir, "admin-address");
  rmSync(adminFile, { force: true });
  writeFileSync(
    config,
    renderEnvoy({
      edge: last?.["edge"] ?? `${HOST}:${ports.edge}`,
      mesh: last?.["mesh"] ?? `${HOST}:${ports.mesh}`,
      admin: last?.["admin"] ?? `${HOST}:${ports.admin}`,
      runDir,
    }),
  );
  return {
    name: "envoy",
    command: binary,
    args: [
      ...["-c", config, "--admin-address-path", adminFile],
      "--disable-hot-restart", // it shares memory by number, and two meshes would collide
      ...["--log-level", "warning", "--concurrency", "2", "--drain-time-s", "1"],
    ],
    env,
    cwd: runDir,
    ready: async (_, signal) => {
      const admin = await untilTrue(() => readAddress(adminFile), signal);
      await untilTrue(() => isReady(admin), signal);
      return { admin, ...(await untilTrue(() => listeners(admin), signal)) };
    },
  };
}

/** Saves every service's weights where Envoy reads them when it starts. */
export function saveTraffic(runDir: string, traffics: readonly Traffic[]): void {
  writeTrafficLayer(
    runDir,
    Object.fromEntries(
      traffics.map(({ service, blue, green }) => [
        service,
        { blue: blue?.weight ?? 0, green: green?.weight ?? 0 },
      ]),
    ),
  );
}

async function readAddress(path: string): Promise<string | undefined> {
  return (await readFile(path, "utf8")).trim() || undefined;
}

async function isReady(admin: string): Promise<true | undefined> {
  const response = await get(`http://${admin}/ready`);
  await response.body?.cancel();
  return response.status === 200 ? true : undefined;
}

/** The addresses that the edge and the mesh listener really have. */
async function listeners(admin: string): Promise<Listening | undefined> {
  const answer = (await (await get(`http://${admin}/listeners?format=json`)).json()) as {
    listener_statuses?: {
      name: string;
      local_address: { socket_address: { address: string; port_value: number } };
    }[];
  };
  const found = Object.fromEntries(
    (answer.listener_statuses ?? []).map(({ name, local_address: { socket_address } }) => [
      name,
      `${socket_address.address}:${socket_address.port_value}`,
    ]),
  );
  return found["edge"] && found["mesh"] ? { edge: found["edge"], mesh: found["mesh"] } : undefined;
}

function get(url: string): Promise<Response> {
  return fetch(url, { signal: AbortSignal.timeout(1_000) });
}

/** Asks until there is an answer; a failure means "not yet". */
async function untilTrue<T>(ask: () => Promise<T | undefined>, signal: AbortSignal): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await sleep(20, undefined, { signal });
  }
}
