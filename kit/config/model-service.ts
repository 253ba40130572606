import { z } from "zod";
import { eventStreamConfig, eventStreamEnv } from "./event-stream.ts";
import { address, integer, slot } from "./read.ts";
import { telemetryConfig, telemetryEnv } from "./telemetry.ts";

/** Environment variables that every model-carrying service reads. */
export const modelServiceEnv = {
  /** Which of the two slots this process serves. */
  MESH_SLOT: slot.default("blue"),
  /** Folder of the bundle: `model.json` and the model file. */
  MESH_MODEL_DIR: z.string().min(1),
  /** Where to listen; port 0 lets the kernel choose. */
  MESH_LISTEN: address.default("127.0.0.1:0"),
  ...eventStreamEnv,
  ...telemetryEnv,
  /** Most rows in one run of the model. */
  MESH_MAX_BATCH: integer(1, 1024).default(64),
  /** One of pino's levels. */
  MESH_LOG_LEVEL: z.string().default("info"),
};

type ModelServiceEnv = z.output<z.ZodObject<typeof modelServiceEnv>>;

/** The same by their names in the code. */
export function modelServiceConfig(env: ModelServiceEnv) {
  return {
    slot: env.MESH_SLOT,
    modelDir: env.MESH_MODEL_DIR,
    listen: env.MESH_LISTEN,
    nats: eventStreamConfig(env),
    telemetry: telemetryConfig(env),
    maxBatch: env.MESH_MAX_BATCH,
    logLevel: env.MESH_LOG_LEVEL,
  };
}

/** The configuration of an event consumer; the three have the same. */
export const consumerConfig = z
  .object({
    ...modelServiceEnv,
    /** Most events in hand at once. */
    MESH_MAX_IN_FLIGHT: integer(1, 1024).default(64),
  })
  .transform((env) => ({ ...modelServiceConfig(env), maxInFlight: env.MESH_MAX_IN_FLIGHT }));
