import { setTimeout as sleep } from "node:timers/promises";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";
import { isMissing } from "#kit/events/missing.ts";
import { missingFromPlan, provision, provisionSlot } from "#kit/events/provision.ts";
import { durableName, streams } from "#kit/events/subjects.ts";
import { MeshError } from "#kit/rpc/errors.ts";
import type { ConsumerService, Slot } from "#kit/traffic/traffic.ts";
import { createTurns } from "./turns.ts";

/** A slot of a consumer service, which has a durable of its own. */
export interface ConsumerSlot {
  readonly service: ConsumerService;
  readonly slot: Slot;
}

/** The durables of the slots that are deployed. Nobody else makes or removes one while the mesh runs. */
export interface Durables {
  /** Takes care of a slot whose durable is there: it was deployed before this process started. */
  adopt(slot: ConsumerSlot): void;
  /**
   * Makes a slot's durable, from now on, and takes care of it. One that is there belongs to nobody (an earlier
   * process was killed before it could remove it) and would bring back events of another version's time.
   */
  create(slot: ConsumerSlot): Promise<void>;
  /** Cares no more and removes it; one that is not there is no work. */
  remove(slot: ConsumerSlot): Promise<void>;
  /** Whether all that was stored when this was first asked for has been settled; resolves with the answer. */
  settledWithin(slot: ConsumerSlot, withinMs: number): Promise<boolean>;
  /** Looks now whether something is missing, instead of in its own time. */
  look(): Promise<void>;
  /** Looks no more. */
  stop(): Promise<void>;
}

export interface DurablesOptions {
  /** The operator's connection. */
  readonly events: Events;
  readonly say: (message: string) => void;
  /** Default 2000. */
  readonly everyMs?: number;
}

/** How far a durable had come, and in which stream: one that was made anew counts from the beginning. */
interface Place {
  readonly streamCreated: string;
  readonly settled: number;
}

/**
 * Makes and removes durables of slots, and makes those again that somebody else has deleted; the services, which
 * have no right to, wait for it.
 *
 * A durable goes on behind the last event that it had settled when it was last seen, or from the beginning of
 * the stream when that is not known: what it answers twice has no second effect. A deleted stream is made
 * again as well; Backend's outbox fills it with what it still has.
 */
export function createDurables(options: DurablesOptions): Durables {
  const { events, say, everyMs = 2_000 } = options;
  const kept = new Map<string, ConsumerSlot>();
  const places = new Map<string, Place>();
  // A look that began before a removal must not make the durable again after it.
  const turns = createTurns();
  const stopping = new AbortController();
  const manage = () => jetstreamManager(events.connection, { checkAPI: false });
  const over = (async () => {
    let trouble = "";
    while (!stopping.signal.aborted) {
      try {
        await turns.take(keepOnce);
        trouble = "";
      } catch (cause) {
        const now = String(cause); // the server is away, as a rule: said once, tried again
        if (now !== trouble && !events.connection.isClosed())
          say(`cannot see the durables: ${now}`);
        trouble = now;
      }
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();

  async function keepOnce(): Promise<void> {
    const manager = await manage();
    const missing = await missingFromPlan(manager);
    if (missing.length > 0) {
      await provision(events);
      say(`made again what was deleted: ${missing.join(", ")}`);
    }
    const { created: streamCreated } = await manager.streams.info(streams.trips);
    const there = new Map<string, number>();
    for await (const { name, ack_floor } of manager.consumers.list(streams.trips)) {
      there.set(name, ack_floor.stream_seq);
    }
    for (const [name, { service, slot }] of kept) {
      const settled = there.get(name);
      if (settled !== undefined) {
        places.set(name, { streamCreated, settled });
        continue;
      }
      // A cluster's list leaves out those whose leader does not answer at the moment.
      if (await isThere(manager, name)) continue;
      const place = places.get(name);
      const from = place?.streamCreated === streamCreated ? place.settled + 1 : "all";
      await provisionSlot(events, service, slot, from);
      say(
        `made the durable ${name} again, from ${from === "all" ? "the beginning" : `event ${from}`}`,
      );
    }
  }

  return {
    adopt(slot) {
      kept.set(nameOf(slot), slot);
    },
    create: (slot) =>
      turns.take(() =>
        reach(async () => {
          const name = nameOf(slot);
          const manager = await manage();
          await removeDurable(manager, name);
          await provisionSlot(events, slot.service, slot.slot, "new");
          // Known from the start: one that is deleted before the next look goes on from here.
          const { created } = await manager.streams.info(streams.trips);
          const { ack_floor } = await manager.consumers.info(streams.trips, name);
          places.set(name, { streamCreated: created, settled: ack_floor.stream_seq });
          kept.set(name, slot);
        }),
      ),
    remove: (slot) =>
      turns.take(() =>
        reach(async () => {
          const name = nameOf(slot);
          kept.delete(name);
          places.delete(name);
          await removeDurable(await manage(), name);
        }),
      ),
    settledWithin: (slot, withinMs) =>
      reach(async () => settledWithin(await manage(), nameOf(slot), withinMs)),
    look: () => turns.take(keepOnce),
    async stop() {
      stopping.abort();
      await over;
    },
  };
}

function nameOf({ service, slot }: ConsumerSlot): string {
  return durableName(service, slot);
}

async function isThere(manager: JetStreamManager, name: string): Promise<boolean> {
  try {
    await manager.consumers.info(streams.trips, name);
    return true;
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw cause;
  }
}

async function removeDurable(manager: JetStreamManager, name: string): Promise<void> {
  try {
    await manager.consumers.delete(streams.trips, name);
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
  }
}

/** How often a durable is asked how far it is, ms. */
const ASK_EVERY_MS = 50;

async function settledWithin(
  manager: JetStreamManager,
  name: string,
  withinMs: number,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  const { state } = await manager.streams.info(streams.trips);
  for (;;) {
    const info = await manager.consumers.info(streams.trips, name);
    const isIdle = info.num_pending === 0 && info.num_ack_pending === 0;
    if (isIdle || info.ack_floor.stream_seq >= state.last_seq) return true;
    if (performance.now() > deadline) return false;
    await sleep(ASK_EVERY_MS);
  }
}

/** The same request may succeed once the server is back. */
async function reach<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MeshError("UNAVAILABLE", `the event stream does not answer: ${reason}`, { cause });
  }
}
