import { z } from "zod";

/** Environment variables of every process that connects to the event stream. */
export const eventStreamEnv = {
  /** The event stream: `nats://host:port`; of a cluster several, with commas between them. */
  MESH_NATS: z.string().default("nats://127.0.0.1:4222"),
  /** File with the seed of the process's nkey; unset where the server asks for none. */
  MESH_NATS_KEY: z.string().min(1).optional(),
};

/** The same by their names in the code, as `connectEvents` takes them. */
export function eventStreamConfig(env: z.output<z.ZodObject<typeof eventStreamEnv>>) {
  return { url: env.MESH_NATS, keyFile: env.MESH_NATS_KEY };
}
