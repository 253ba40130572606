import type {
  InstanceExit,
  InstanceKey,
  Instances,
  SlotKey,
  SlotVersion,
} from "#kit/instances/instances.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import { consumerServices, type ModelService } from "#kit/traffic/traffic.ts";
import { requireDeployable, requireSlot } from "./deployable.ts";
import type { ConsumerSlot, Durables } from "./durables.ts";
import {
  createInstanceProcesses,
  type InstanceProcess,
  type InstanceProcessOptions,
} from "./instance-process.ts";
import { describeFailure, StartFailure } from "./parts.ts";
import { createTurns, type Turns } from "./turns.ts";

export interface LocalInstancesOptions extends Omit<InstanceProcessOptions, "onExit"> {
  readonly durables: Durables;
  /** How many processes a slot of a service is to have. */
  readonly processesOf: (service: ModelService) => number;
  /** How long a retired consumer may take to answer what is stored, ms. Default 5000. */
  readonly settleWithinMs?: number;
}

/** The processes of the model services on this machine. */
export interface LocalInstances extends Instances {
  /**
   * Starts what was deployed when the mesh last ran, whose durables are there. Fails with the `StartFailure` of
   * the first that does not start.
   */
  resume(deployments: readonly SlotVersion[]): Promise<void>;
}

/** What runs in one slot, by index, and whose turn it is to change that. */
interface Place {
  readonly turns: Turns;
  readonly processes: Map<number, InstanceProcess>;
  /** Gives up what is being deployed. */
  giveUp: AbortController | undefined;
}

export function createLocalInstances(options: LocalInstancesOptions): LocalInstances {
  const { durables, modelsDir, processesOf, settleWithinMs = 5_000 } = options;
  const places = new Map<string, Place>();
  const listeners = new Set<(exit: InstanceExit) => void>();
  const processes = createInstanceProcesses({
    ...options,
    onExit: (exit) => {
      for (const listener of listeners) listener(exit);
    },
  });

  function placeOf({ service, slot }: SlotKey): Place {
    const name = `${service}-${slot}`;
    const place = places.get(name) ?? {
      turns: createTurns(),
      processes: new Map(),
      giveUp: undefined,
    };
    places.set(name, place);
    return place;
  }

  /** All processes of a version, or none. */
  async function startAll(place: Place, { service, slot, version }: SlotVersion): Promise<void> {
    const indices = Array.from({ length: processesOf(service) }, (_, index) => index);
    const starts = await Promise.allSettled(
      indices.map(async (index) => {
        const signal = place.giveUp?.signal;
        const started = await processes.start({ service, slot, index }, version, signal);
        place.processes.set(index, started);
      }),
    );
    const failed = starts.find((start) => start.status === "rejected");
    if (!failed) return;
    await endAll(place);
    throw failed.reason;
  }

  async function deployInto(place: Place, deployment: SlotVersion): Promise<void> {
    await requireDeployable(modelsDir, deployment);
    if (isThere(place, deployment)) return;
    const consumer = consumerOf(deployment);
    place.giveUp = new AbortController();
    try {
      if (consumer) await durables.create(consumer);
      await startAll(place, deployment);
    } catch (cause) {
      // Should it not be reached, it is nobody's: the next deployment makes it anew.
      if (consumer) await durables.remove(consumer).catch(() => undefined);
      throw refusal(cause);
    } finally {
      place.giveUp = undefined;
    }
  }

  async function replaceIn(place: Place, key: InstanceKey, version: string): Promise<void> {
    const old = place.processes.get(key.index);
    if (!old) {
      const { service, slot, index } = key;
      throw new MeshError("NOT_FOUND", `${service}-${slot} has no process ${index}`);
    }
    const { service, slot, index } = key;
    await requireDeployable(modelsDir, { service, slot, version });
    if (old.current().version === version) return;
    const next = await processes.start({ service, slot, index }, version).catch((cause) => {
      throw refusal(cause);
    });
    place.processes.set(index, next);
    await old.end();
  }

  async function retireFrom(place: Place, slot: SlotKey): Promise<void> {
    const consumer = consumerOf(slot);
    const isAnswering = [...place.processes.values()].some((process) => process.current().ready);
    // What is not answered by then is not worth waiting for: nobody is shown it any more.
    if (consumer && isAnswering) await durables.settledWithin(consumer, settleWithinMs);
    await endAll(place);
    if (consumer) await durables.remove(consumer);
  }

  return {
    async deploy(deployment) {
      requireSlot(deployment);
      const place = placeOf(deployment);
      await place.turns.take(() => deployInto(place, deployment));
    },
    async replace(key, version) {
      requireSlot(key);
      const place = placeOf(key);
      await place.turns.take(() => replaceIn(place, key, version));
    },
    async retire(slot) {
      requireSlot(slot);
      const place = placeOf(slot);
      const { service, slot: name } = slot;
      place.giveUp?.abort(
        new MeshError("ABORTED", `${service}-${name} was retired while it was being deployed`),
      );
      await place.turns.take(() => retireFrom(place, slot));
    },
    list: async () =>
      [...places.values()].flatMap((place) =>
        [...place.processes.values()].map((process) => process.current()),
      ),
    onExit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async resume(deployments) {
      await Promise.all(
        deployments.map((deployment) => {
          const consumer = consumerOf(deployment);
          if (consumer) durables.adopt(consumer);
          const place = placeOf(deployment);
          return place.turns.take(() => startAll(place, deployment));
        }),
      );
    },
  };
}

/** Whether that version is there already; another one is in the way. */
function isThere({ processes }: Place, { service, slot, version }: SlotVersion): boolean {
  const versions = new Set([...processes.values()].map((process) => process.current().version));
  if (versions.size === 0) return false;
  if (versions.size === 1 && versions.has(version)) return true;
  throw new MeshError(
    "FAILED_PRECONDITION",
    `${service}-${slot} holds ${[...versions].join(" and ")}: retire it before ${version} is deployed`,
  );
}

async function endAll({ processes }: Place): Promise<void> {
  await Promise.all([...processes.values()].map((process) => process.end()));
  processes.clear();
}

function consumerOf({ service, slot }: SlotKey): ConsumerSlot | undefined {
  const consumer = consumerServices.find((name) => name === service);
  return consumer && { service: consumer, slot };
}

/** Why a process did not come to serve, with its last words. */
function refusal(cause: unknown): MeshError {
  if (cause instanceof MeshError) return cause;
  if (cause instanceof StartFailure) {
    return new MeshError("FAILED_PRECONDITION", describeFailure(cause), { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MeshError("FAILED_PRECONDITION", reason, { cause });
}
