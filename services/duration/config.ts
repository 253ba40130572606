import { z } from "zod";
import { modelServiceEnv } from "#kit/config/model-service.ts";
import { integer } from "#kit/config/read.ts";

export const configSchema = z
  .object({
    ...modelServiceEnv,
    /** Predictions of trips are logged at least this often, ms. */
    MESH_LOG_FLUSH_MS: integer(1, 10_000).default(50),
  })
  .transform((env) => ({
    slot: env.MESH_SLOT,
    modelDir: env.MESH_MODEL_DIR,
    listen: env.MESH_LISTEN,
    nats: env.MESH_NATS,
    maxBatch: env.MESH_MAX_BATCH,
    logFlushMs: env.MESH_LOG_FLUSH_MS,
    logLevel: env.MESH_LOG_LEVEL,
  }));
