import { z } from "zod";
import { eventStreamConfig, eventStreamEnv } from "#kit/config/event-stream.ts";
import { address, integer } from "#kit/config/read.ts";
import { telemetryConfig, telemetryEnv } from "#kit/config/telemetry.ts";

export const configSchema = z
  .object({
    /** Where to listen: RolloutService, and the runtime layer for Envoys. Port 0 lets the kernel choose. */
    MESH_LISTEN: address.default("127.0.0.1:7500"),
    ...eventStreamEnv,
    ...telemetryEnv,
    /** Envoy's mesh listener, behind which both slots of every model service are. */
    MESH_ENVOY: address.default("127.0.0.1:9000"),
    /** Envoy's admin, to see what traffic is really in force. */
    MESH_ENVOY_ADMIN: address.optional(),
    /** The file from which a starting Envoy reads the traffic as last decided; unset: nobody needs one. */
    MESH_TRAFFIC_FILE: z.string().min(1).optional(),
    /** Folder of the models: only the cards are read. */
    MESH_MODELS: z.string().default("models"),
    /** How long the slot that is not needed any more stays warm after a promotion, seconds. */
    MESH_KEEP_WARM_SECONDS: integer(0, 86_400).default(60),
    /** One of pino's levels. */
    MESH_LOG_LEVEL: z.string().default("info"),
  })
  .transform((env) => ({
    listen: env.MESH_LISTEN,
    nats: eventStreamConfig(env),
    telemetry: telemetryConfig(env),
    envoy: env.MESH_ENVOY,
    envoyAdmin: env.MESH_ENVOY_ADMIN,
    trafficFile: env.MESH_TRAFFIC_FILE,
    modelsDir: env.MESH_MODELS,
    keepWarmMs: env.MESH_KEEP_WARM_SECONDS * 1000,
    logLevel: env.MESH_LOG_LEVEL,
  }));
