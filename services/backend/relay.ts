import { jetstreamManager } from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";
import { eventHeaders } from "#kit/events/headers.ts";
import { streams } from "#kit/events/subjects.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import type { OutboxRow, Store } from "./store.ts";

export interface Relay {
  /** Says that there is something to send; returns at once. */
  wake(): void;
  /** Sends what is there if the stream answers, then ends. */
  stop(): Promise<void>;
}

export interface RelayOptions {
  /** Most events on their way at once. Default 64: more buys no throughput. */
  readonly maxInFlight?: number;
  /** Pause after a failed attempt, and the reconciler's period, ms. Default 1000. */
  readonly retryMs?: number;
}

/**
 * Moves events from the outbox to the stream.
 *
 * An event is sent with its id as message id until the stream has acknowledged it, so a repeat within the
 * stream's window is stored once; later repeats are folded by key by every reader. After every (re)connection
 * the reconciler compares: rows above the stream's last sequence were acknowledged and lost, and go again.
 */
export function startRelay(
  store: Store,
  connecting: Promise<Events>,
  log: Logger,
  { maxInFlight = 64, retryMs = 1000 }: RelayOptions = {},
): Relay {
  let wanted = Promise.withResolvers<void>();
  let stopping = false;
  const stopped = Promise.withResolvers<undefined>();
  const wake = () => wanted.resolve();

  const running = (async () => {
    const events = await Promise.race([connecting, stopped.promise]);
    if (!events) return;
    let mustReconcile = true;
    void onReconnect(events, () => {
      mustReconcile = true;
      wake();
    });
    while (!stopping) {
      try {
        if (mustReconcile) await reconcile(events, store, log);
        mustReconcile = false;
        wanted = Promise.withResolvers();
        while ((await sendSome(events, store, maxInFlight)) > 0);
        await Promise.race([wanted.promise, pause(retryMs)]);
      } catch (cause) {
        log.warn({ err: cause, waiting: await store.unsentCount() }, "events wait for the stream");
        mustReconcile = true;
        await Promise.race([pause(retryMs), stopped.promise]);
      }
    }
    await sendSome(events, store, maxInFlight).catch(() => 0); // the next start sends them
  })();

  return {
    wake,
    async stop() {
      stopping = true;
      stopped.resolve(undefined);
      wake();
      await running;
    },
  };
}

/** Sends a batch; every acknowledgement is noted even when another event of the batch fails. */
async function sendSome(events: Events, store: Store, limit: number): Promise<number> {
  const rows = await store.unsent(limit);
  if (rows.length === 0) return 0;
  const results = await Promise.allSettled(rows.map((row) => send(events, row)));
  await store.markSent(results.flatMap((r) => (r.status === "fulfilled" ? [r.value] : [])));
  const failed = results.find((r) => r.status === "rejected");
  if (failed) throw failed.reason;
  return rows.length;
}

async function send(events: Events, row: OutboxRow): Promise<{ id: number; streamSeq: number }> {
  const { eventId, subject, type, tripId, body, occurredAt } = row;
  const headers = eventHeaders({
    id: eventId,
    type,
    source: "backend",
    subject: tripId,
    time: occurredAt,
  });
  const ack = await events.js.publish(subject, body, { msgID: eventId, headers, timeout: 2000 });
  return { id: row.id, streamSeq: ack.seq };
}

async function reconcile(events: Events, store: Store, log: Logger): Promise<void> {
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  const { state } = await manager.streams.info(streams.trips);
  const again = await store.resendAbove(state.last_seq);
  if (again > 0)
    log.warn({ again, lastSeq: state.last_seq }, "the stream lost acknowledged events; sent again");
}

async function onReconnect(events: Events, reconnected: () => void): Promise<void> {
  for await (const status of events.connection.status()) {
    if (status.type === "reconnect") reconnected();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
