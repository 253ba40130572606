import { HealthCheckResponse_ServingStatus, HealthDefinition } from "#gen/health/v1/health.ts";
import type { Instances } from "#kit/instances/instances.ts";
import { createClient } from "#kit/rpc/client.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { ModelService, Slot } from "#kit/traffic/traffic.ts";
import { otherSlot } from "./desired-traffic.ts";

export interface SlotProblemDependencies {
  readonly instances: Pick<Instances, "list">;
  /** Events that a slot of a consumer has not answered yet; undefined for a service that answers requests. */
  readonly waiting: (service: ModelService, slot: Slot) => Promise<number | undefined>;
  readonly log: Logger;
}

/** Why a slot should be given no weight, in a sentence; undefined: it may. */
export type SlotProblem = (service: ModelService, slot: Slot) => Promise<string | undefined>;

const TIMEOUT_MS = 1_000;
/** More than a consumer of the other slot has waiting, events: about as many as a slow process has in hand. */
const MOST_BEHIND = 1_000;

/**
 * Looks whether a slot has a process that serves and, for a consumer, whether it keeps up with the other slot: the
 * answers of one that lags would come late, and when both lag it is not the candidate's doing.
 */
export function createSlotProblem({
  instances,
  waiting,
  log,
}: SlotProblemDependencies): SlotProblem {
  async function isServing(address: string): Promise<boolean> {
    const health = createClient(HealthDefinition, address);
    try {
      const { status } = await health.check({ service: "" }, { timeoutMs: TIMEOUT_MS });
      return status === HealthCheckResponse_ServingStatus.SERVING;
    } catch (cause) {
      log.debug({ err: cause, address }, "an instance does not answer");
      return false;
    } finally {
      health.close();
    }
  }

  return async (service, slot) => {
    const there = (await instances.list()).filter(
      (one) => one.service === service && one.slot === slot,
    );
    const serving = await Promise.all(there.map(({ address }) => isServing(address)));
    if (!serving.includes(true)) return `${service}-${slot} has no healthy instance`;
    const [mine, others] = await Promise.all([
      waiting(service, slot),
      waiting(service, otherSlot(slot)),
    ]);
    if (mine === undefined || mine - (others ?? 0) <= MOST_BEHIND) return undefined;
    return `${service}-${slot} lags: ${count(mine)} events wait for it, ${count(others ?? 0)} for the other slot`;
  };
}

function count(n: number): string {
  return n.toLocaleString("en-US");
}
