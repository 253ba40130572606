import { RolloutServiceDefinition } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import { type Client, createClient } from "#kit/rpc/client.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { Problem } from "../problem.ts";

export type RolloutClient = Client<typeof RolloutServiceDefinition>;

/** Calls the rollout service with a client that is closed again afterwards. */
export async function callRollout<T>(
  address: string,
  call: (rollouts: RolloutClient) => Promise<T>,
): Promise<T> {
  const rollouts = createClient(RolloutServiceDefinition, address);
  try {
    return await call(rollouts);
  } catch (cause) {
    if (!(cause instanceof MeshError) || cause.code !== "UNAVAILABLE") throw cause;
    throw new Problem(
      `No rollout service answers at ${address}: start a mesh with mesh up, or name it with --rollout.`,
      { cause },
    );
  } finally {
    rollouts.close();
  }
}
