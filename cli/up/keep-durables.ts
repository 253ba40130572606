import { setTimeout as sleep } from "node:timers/promises";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";
import { isMissing } from "#kit/events/missing.ts";
import { missingFromPlan, provision, provisionSlot } from "#kit/events/provision.ts";
import { durableName, streams } from "#kit/events/subjects.ts";
import type { ConsumerService, Slot } from "#kit/traffic/traffic.ts";

/** A slot of a consumer service, which has a durable of its own. */
export interface ConsumerSlot {
  readonly service: ConsumerService;
  readonly slot: Slot;
}

export interface KeepDurablesOptions {
  /** The operator's connection. */
  readonly events: Events;
  /** The slots that are deployed now. */
  readonly deployed: () => readonly ConsumerSlot[];
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
 * Makes durables again that somebody has deleted; the services, which have no right to, wait for it.
 *
 * A durable goes on behind the last event that it had settled when it was last seen, or from the beginning of
 * the stream when that is not known: what it answers twice has no second effect. A deleted stream is made
 * again as well; Backend's outbox fills it with what it still has.
 */
export function keepDurables(options: KeepDurablesOptions): { stop(): Promise<void> } {
  const { events, deployed, say, everyMs = 2_000 } = options;
  const places = new Map<string, Place>();
  const stopping = new AbortController();
  const over = (async () => {
    const manager = await jetstreamManager(events.connection, { checkAPI: false });
    let trouble = "";
    while (!stopping.signal.aborted) {
      try {
        await keepOnce(manager);
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

  async function keepOnce(manager: JetStreamManager): Promise<void> {
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
    for (const { service, slot } of deployed()) {
      const name = durableName(service, slot);
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

  async function isThere(manager: JetStreamManager, name: string): Promise<boolean> {
    try {
      await manager.consumers.info(streams.trips, name);
      return true;
    } catch (cause) {
      if (isMissing(cause)) return false;
      throw cause;
    }
  }

  return {
    async stop() {
      stopping.abort();
      await over;
    },
  };
}
