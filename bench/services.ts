import { join } from "node:path";
import type { ConsumerService, Slot } from "#kit/traffic/traffic.ts";
import { type Child, listeningOf, startNode } from "./child.ts";
import { OTHER_CORE, SERVER_CORE } from "./cores.ts";
import { createScratchFolder } from "./scratch-folder.ts";

export interface Service {
  readonly pid: number;
  readonly address: string;
  stop(): Promise<void>;
}

export function startEcho(): Promise<Service> {
  return serving(
    startNode({ file: "bench/echo-server.ts", cores: SERVER_CORE, nodeArgs: nodeArgs() }),
  );
}

/** Takes spans and forgets them, away from the measured core. */
export function startOtlpSink(): Promise<Service> {
  return serving(startNode({ file: "bench/otlp-sink.ts", cores: OTHER_CORE }), "otlp");
}

export interface DurationOptions {
  /** Default: the server's one core. */
  readonly cores?: string;
  /** More variables. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Duration's blue slot with its first model. */
export function startDuration(
  nats: string,
  { cores = SERVER_CORE, env = {} }: DurationOptions = {},
): Promise<Service> {
  const child = startNode({
    file: "services/duration/main.ts",
    cores,
    nodeArgs: nodeArgs(),
    env: {
      MESH_SLOT: "blue",
      MESH_MODEL_DIR: "models/duration/v1",
      MESH_LISTEN: "127.0.0.1:0",
      MESH_NATS: nats,
      MESH_LOG_LEVEL: "warn",
      ...env,
    },
  });
  return serving(child);
}

export interface ConsumerOptions {
  readonly service: ConsumerService;
  readonly slot: Slot;
  /** `nats://host:port`, where the slot's durable is. */
  readonly nats: string;
  /** Default: any. */
  readonly cores?: string;
}

/** One process of an event consumer with its first model. */
export function startConsumer({ service, slot, nats, cores }: ConsumerOptions): Promise<Service> {
  const child = startNode({
    file: `services/${service}/main.ts`,
    ...(cores === undefined ? {} : { cores }),
    nodeArgs: nodeArgs(),
    env: {
      MESH_SLOT: slot,
      MESH_MODEL_DIR: `models/${service}/v1`,
      MESH_LISTEN: "127.0.0.1:0",
      MESH_NATS: nats,
      MESH_LOG_LEVEL: "error",
    },
  });
  return serving(child);
}

/** A process that only acknowledges what its durable delivers; `address` is the server's. */
export function startPlainConsumer(nats: string, durable: string): Promise<Service> {
  const child = startNode({
    file: "bench/plain-consumer.ts",
    args: [nats, durable],
    cores: SERVER_CORE,
    nodeArgs: nodeArgs(),
  });
  return serving(child, "nats");
}

/** Backend with a database of its own; `envoy` is whoever answers Predict. */
export async function startBackend(nats: string, envoy: string): Promise<Service> {
  const scratch = createScratchFolder("backend");
  const child = startNode({
    file: "services/backend/main.ts",
    nodeArgs: nodeArgs(),
    env: {
      MESH_LISTEN: "127.0.0.1:0",
      MESH_NATS: nats,
      MESH_ENVOY: envoy,
      MESH_DATABASE: `sqlite:${join(scratch.path, "backend.db")}`,
      MESH_LOG_LEVEL: "error",
    },
  });
  const service = await serving(child);
  return {
    ...service,
    async stop() {
      await service.stop();
      scratch.remove();
    },
  };
}

/**
 * The gateway, which asks this Backend who may read a trip; `address` is where riders' streams are. On every
 * core unless told otherwise.
 */
export function startGateway(nats: string, backend: string, cores?: string): Promise<Service> {
  const child = startNode({
    file: "gateway/main.ts",
    ...(cores === undefined ? {} : { cores }),
    nodeArgs: nodeArgs(),
    env: {
      MESH_GATEWAY_LISTEN: "127.0.0.1:0",
      MESH_CONSOLE_LISTEN: "127.0.0.1:0",
      MESH_NATS: nats,
      MESH_BACKEND: backend,
      MESH_LOG_LEVEL: "error",
    },
  });
  return serving(child, "http");
}

/** Node's options for the servers under test: what `mesh up` gives them, or others to compare with. */
function nodeArgs(): string[] {
  const args = process.env["BENCH_NODE_ARGS"] ?? "--max-semi-space-size=8";
  return args.split(" ").filter((arg) => arg !== "");
}

async function serving(child: Child, name = "rpc"): Promise<Service> {
  const listening = await listeningOf(child);
  return { pid: child.pid, address: listening[name] ?? "", stop: child.stop };
}
