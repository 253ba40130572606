import type { Rollout } from "#gen/tripmesh/rollout/v1/rollout.ts";
import type { RolloutServiceDefinition } from "#gen/tripmesh/rollout/v1/rollout_service.ts";
import type { Client } from "#kit/rpc/client.ts";
import { modelServices } from "#kit/traffic/traffic.ts";
import { isOpen } from "./to-view.ts";

export type RolloutClient = Client<typeof RolloutServiceDefinition>;

/** Time for one answer when nobody waits for it but the next round, ms. */
const TIMEOUT_MS = 2_000;
/** Ended rollouts that are shown. */
const HISTORY = 20;

/** What the rollout service has to tell. */
export interface Rollouts {
  /** Those that the next one of their service waits for, each with its newest look. */
  readonly open: readonly Rollout[];
  /** The newest of all services, newest first. */
  readonly newest: readonly Rollout[];
}

/**
 * Asks for the open rollouts each time, and for the list only when one of a service's newest has changed: the
 * list has every decision of twenty rollouts with its evidence. One rollout a service at a time, so only the
 * newest of a service can be open.
 */
export function createReadRollouts(client: RolloutClient): () => Promise<Rollouts> {
  const options = { timeoutMs: TIMEOUT_MS };
  let known = "";
  let newest: readonly Rollout[] = [];
  const newestOf = async (service: string) => {
    const { rollouts } = await client.listRollouts(
      { service, pageSize: 1, pageToken: "" },
      options,
    );
    return rollouts;
  };
  return async () => {
    const last = (await Promise.all(modelServices.map(newestOf))).flat();
    const state = last.map((one) => `${one.rolloutId} ${one.state} ${one.cleanedUp}`).join();
    if (state !== known) {
      const page = { service: "", pageSize: HISTORY, pageToken: "" };
      newest = (await client.listRollouts(page, options)).rollouts;
      known = state;
    }
    const open = await Promise.all(
      last.filter(isOpen).map(async (one) => {
        const { rollout } = await client.getRollout({ rolloutId: one.rolloutId }, options);
        return rollout ?? one;
      }),
    );
    return { open, newest };
  };
}
