import { join, resolve } from "node:path";
import { z } from "zod";
import { eventStreamConfig, eventStreamEnv } from "#kit/config/event-stream.ts";
import { address, flag, integer } from "#kit/config/read.ts";
import { telemetryConfig, telemetryEnv } from "#kit/config/telemetry.ts";
import { readerDefaults } from "./reader.ts";

export const configSchema = z
  .object({
    ...eventStreamEnv,
    ...telemetryEnv,
    /** Any endpoint that answers BackendService; the edge of Envoy does. */
    MESH_BACKEND: address.default("127.0.0.1:8080"),
    /** Any endpoint that answers RolloutService; the mesh listener of Envoy does. */
    MESH_ROLLOUT: address.default("127.0.0.1:9000"),
    /** File with the seed of the nkey by which reports are read; default: the gateway's own, which may not. */
    MESH_REPORT_KEY: z.string().min(1).optional(),
    /** Where the edge finds the rider's page and the updates; port 0 lets the kernel choose. */
    MESH_GATEWAY_LISTEN: address.default("127.0.0.1:0"),
    /** Where the operator's console is; never routed by the edge. */
    MESH_CONSOLE_LISTEN: address.default("127.0.0.1:7600"),
    /** Names besides `localhost` and addresses by which a browser may call the console, with commas between. */
    MESH_CONSOLE_HOSTS: z.string().default(""),
    /** Where spans are taken, OTLP over gRPC, for the console; unset: none are. */
    MESH_OTLP_LISTEN: address.optional(),
    /** Envoy's admin, for latencies, instances and what is set by hand; without it the console shows none. */
    MESH_ENVOY_ADMIN: address.optional(),
    /** Whether recorded trips are replayed, so that a ride made on the rider's page can be simulated. */
    MESH_REPLAY: flag.default(false),
    /** Where the replayed trips come from; the console says it. */
    MESH_TRIPS_KIND: z.enum(["recorded", "synthetic"]).default("recorded"),
    /** Folder with `zones.json` and the bundles that may be released. */
    MESH_MODELS: z.string().default("models"),
    /** Folder of the batch jobs that the console shows. Default: those of the project. */
    MESH_BATCH_JOBS: z
      .string()
      .min(1)
      .default(join(import.meta.dirname, "../services/batch/jobs")),
    /** Where relative paths in jobs start; `mesh up` gives the folder that it was called in. */
    MESH_BATCH_CWD: z.string().min(1).default("."),
    /** Most riders' streams open at once; one more is refused with 503. */
    MESH_MAX_STREAMS: integer(1, 100_000).default(2000),
    /** Time within which a full buffer has to drain before its reader is cut, ms. */
    MESH_DRAIN_WITHIN_MS: integer(100, 600_000).default(readerDefaults.drainWithinMs),
    /** One of pino's levels. */
    MESH_LOG_LEVEL: z.string().default("info"),
  })
  .transform((env) => ({
    nats: eventStreamConfig(env),
    telemetry: telemetryConfig(env),
    backend: env.MESH_BACKEND,
    rollout: env.MESH_ROLLOUT,
    reportKey: env.MESH_REPORT_KEY ?? env.MESH_NATS_KEY,
    listen: env.MESH_GATEWAY_LISTEN,
    consoleListen: env.MESH_CONSOLE_LISTEN,
    consoleHosts: env.MESH_CONSOLE_HOSTS.split(",")
      .map((host) => host.trim().toLowerCase())
      .filter((host) => host !== ""),
    otlpListen: env.MESH_OTLP_LISTEN,
    envoyAdmin: env.MESH_ENVOY_ADMIN,
    replay: env.MESH_REPLAY,
    trips: env.MESH_REPLAY ? env.MESH_TRIPS_KIND : ("live" as const),
    modelsDir: env.MESH_MODELS,
    batch: { jobsDir: resolve(env.MESH_BATCH_JOBS), cwd: resolve(env.MESH_BATCH_CWD) },
    readers: { ...readerDefaults, drainWithinMs: env.MESH_DRAIN_WITHIN_MS },
    maxStreams: env.MESH_MAX_STREAMS,
    logLevel: env.MESH_LOG_LEVEL,
  }));
