import { z } from "zod";
import { address, integer } from "#kit/config/read.ts";
import { telemetryConfig, telemetryEnv } from "#kit/config/telemetry.ts";

/** A New York date, or date and time, that exists: `2021-02-30` is refused. */
const moment = z
  .union([z.iso.date(), z.iso.datetime({ local: true })])
  .refine((text) => !text.endsWith("Z"), "is New York's wall clock, without a zone");

/** The simulator's configuration, from the environment. */
export const configSchema = z
  .object({
    /** The edge of the mesh, `host:port`. */
    MESH_EDGE: address,
    ...telemetryEnv,
    /** A monthly parquet file, a folder of them, several of either joined by the path delimiter, or `demo`. */
    MESH_TRIPS: z.string("must name a parquet file, a folder, or demo").min(1),
    /** Event seconds per wall second; `max` or 0: as fast as the mesh answers. */
    MESH_SPEED: z
      .literal("max")
      .transform(() => 0)
      .or(z.coerce.number("must be max, or a number").nonnegative().max(1_000_000))
      .default(60),
    /** New York date, or date and time (`2021-02-01T07:00`); earlier pickups are skipped. */
    MESH_FROM: moment.optional(),
    /** Stop after so many trips, those before a restart included; 0: all there are. */
    MESH_TRIP_LIMIT: integer(0, 1e9).default(0),
    /** Calls at a time. */
    MESH_MAX_IN_FLIGHT: integer(1, 4096).default(64),
    /** Folder for the cursor; without it every start begins at the first trip. */
    MESH_STATE_DIR: z.string().min(1).optional(),
    /** Seeds riders, waits, progress and synthetic trips. */
    MESH_SEED: integer(0, 2 ** 31 - 1).default(1),
    /** Whether the ride's metered distance is told beforehand as the route's length. */
    MESH_DISTANCE: z.enum(["metered", "none"]).default("metered"),
  })
  .transform((env) => ({
    edge: env.MESH_EDGE,
    telemetry: telemetryConfig(env),
    trips: env.MESH_TRIPS,
    speed: env.MESH_SPEED,
    from: env.MESH_FROM,
    tripLimit: env.MESH_TRIP_LIMIT,
    maxInFlight: env.MESH_MAX_IN_FLIGHT,
    stateDir: env.MESH_STATE_DIR,
    seed: env.MESH_SEED,
    distance: env.MESH_DISTANCE,
  }));
