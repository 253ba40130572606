import { z } from "zod";
import { eventStreamConfig, eventStreamEnv } from "#kit/config/event-stream.ts";
import { address, flag, integer } from "#kit/config/read.ts";
import { telemetryConfig, telemetryEnv } from "#kit/config/telemetry.ts";

export const configSchema = z
  .object({
    /** Where to listen; port 0 lets the kernel choose. */
    MESH_LISTEN: address.default("127.0.0.1:7000"),
    ...eventStreamEnv, // may be away at the start and at any time after
    ...telemetryEnv,
    /** Envoy's mesh listener, behind which the duration service is. */
    MESH_ENVOY: address.default("127.0.0.1:9000"),
    /** `sqlite:PATH`, for one process; `postgres://user:password@host:port/database`, for any number. */
    MESH_DATABASE: z
      .string()
      .regex(/^(sqlite:.|postgres(ql)?:\/\/)/, "must be sqlite:PATH or postgres://…")
      .default("sqlite:.mesh/backend.db"),
    /** How long acknowledged events are kept, in case the stream loses them, hours. */
    MESH_OUTBOX_KEEP_HOURS: integer(1, 8760).default(24),
    /** Folder of the models; `baseline/baseline.json` in it answers when no model does. */
    MESH_MODELS: z.string().default("models"),
    /** Longest time to wait for the duration service, ms; Envoy's own route time-out is below it. */
    MESH_DURATION_BUDGET_MS: integer(10, 10_000).default(500),
    /** Whether recorded trips are replayed, so that requests may say when they were made. */
    MESH_REPLAY: flag.default(false),
    /** One of pino's levels. */
    MESH_LOG_LEVEL: z.string().default("info"),
  })
  .transform((env) => ({
    listen: env.MESH_LISTEN,
    nats: eventStreamConfig(env),
    telemetry: telemetryConfig(env),
    envoy: env.MESH_ENVOY,
    database: env.MESH_DATABASE,
    outboxKeepMs: env.MESH_OUTBOX_KEEP_HOURS * 3_600_000,
    modelsDir: env.MESH_MODELS,
    durationBudgetMs: env.MESH_DURATION_BUDGET_MS,
    replay: env.MESH_REPLAY,
    logLevel: env.MESH_LOG_LEVEL,
  }));
