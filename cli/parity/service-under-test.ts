import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { connectEvents, type Events } from "#kit/events/connect.ts";
import { provision, provisionSlot } from "#kit/events/provision.ts";
import type { Bundle } from "#kit/model/bundle.ts";
import type { ModelService } from "#kit/traffic/traffic.ts";
import { Problem } from "../problem.ts";
import { type Child, type Launch, startChild } from "../up/child.ts";
import { createMeshProcess, inheritedEnv } from "../up/mesh-process.ts";
import { natsLaunch } from "../up/nats.ts";
import { writeNatsConfig } from "../up/nats-config.ts";
import { readTools } from "../up/tools.ts";

/** A real process of the service with the bundle, and a real event stream of its own, on free ports. */
export interface ServiceUnderTest {
  /** `host:port` of its RPCs. */
  readonly address: string;
  readonly events: Events;
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** Stops both when it aborts, which fails whatever is being asked of them. */
  readonly signal: AbortSignal;
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 5_000;

export async function startService(
  service: ModelService,
  bundle: Bundle,
  { root, env, signal }: ServiceOptions,
): Promise<ServiceUnderTest> {
  const tools = readTools(root, env);
  const dir = await mkdtemp(join(tmpdir(), "tripmesh-parity-"));
  const children: Child[] = [];
  let events: Events | undefined;
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      signal.removeEventListener("abort", abort);
      await events?.close();
      for (const child of children.toReversed()) await child.stop(STOP_WITHIN_MS);
      await rm(dir, { recursive: true, force: true });
    })();
    return stopping;
  };
  const abort = () => void stop();
  try {
    const config = writeNatsConfig(dir, { storeDir: dir, syncInterval: "2m" });
    const nats = await startReady(
      natsLaunch(
        { binary: tools.nats.path, config, runDir: dir, port: 0, env: inheritedEnv(env) },
        undefined,
      ),
      children,
    );
    const url = nats["nats"] ?? "";
    events = await connectEvents({ url, name: "parity" });
    await provision(events);
    if (service !== "duration") await provisionSlot(events, service, "blue", "all");
    const launch = createMeshProcess({ root, node: tools.node, env: inheritedEnv(env) });
    const listening = await startReady(
      launch(`${service}-blue`, `services/${service}/main.ts`, {
        MESH_MODEL_DIR: dirname(bundle.path),
        MESH_NATS: url,
      }),
      children,
    );
    signal.throwIfAborted();
    signal.addEventListener("abort", abort);
    return { address: listening["rpc"] ?? "", events, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function startReady(launch: Launch, children: Child[]) {
  const lines: string[] = [];
  const child = startChild(launch, (line) => lines.push(line));
  children.push(child);
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${launch.name} is not ready after ${READY_WITHIN_MS / 1000} s`)),
      READY_WITHIN_MS,
    );
    void child.ready.finally(() => clearTimeout(timer)).catch(() => undefined);
  });
  return Promise.race([child.ready, late]).catch((cause: unknown) => {
    const sentence = cause instanceof Error ? cause.message : String(cause);
    throw new Problem(`${sentence}.`, { details: lines.slice(-10), cause });
  });
}
