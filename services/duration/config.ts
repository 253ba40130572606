import { z } from "zod";
import { modelServiceConfig, modelServiceEnv } from "#kit/config/model-service.ts";
import { integer } from "#kit/config/read.ts";

export const configSchema = z
  .object({
    ...modelServiceEnv,
    /** Predictions of trips are logged at least this often, ms. */
    MESH_LOG_FLUSH_MS: integer(1, 10_000).default(50),
  })
  .transform((env) => ({ ...modelServiceConfig(env), logFlushMs: env.MESH_LOG_FLUSH_MS }));
