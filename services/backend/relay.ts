import type { Events } from "#kit/events/connect.ts";
import { eventHeaders } from "#kit/events/headers.ts";
import { tracePublish } from "#kit/events/trace-message.ts";
import { failpoint } from "#kit/lifecycle/failpoint.ts";
import type { Logger } from "#kit/telemetry/log.ts";
import { reconcile } from "./reconcile.ts";
import type { OutboxRow, Store } from "./store.ts";
import { traceWait } from "./trace-wait.ts";

export interface Relay {
  /** Says that there is something to send; returns at once. */
  wake(): void;
  /** Sends what is there if the stream answers, then ends. */
  stop(): Promise<void>;
}

export interface RelayOptions {
  /** Most events on their way at once. Default 64: more buys no throughput. */
  readonly maxInFlight?: number;
  /** Pause after a failed attempt, and longest time until other processes' events are seen, ms. Default 1000. */
  readonly retryMs?: number;
  /** How long acknowledged events are kept, in case the stream loses them, ms. Default one day. */
  readonly keepMs?: number;
}

const PRUNE_EVERY_MS = 60_000;

/**
 * Moves events from the outbox to the stream.
 *
 * An event is sent with its id as message id until the stream has acknowledged it, so a repeat within the
 * stream's window is stored once; later repeats are folded by key by every reader. After every (re)connection
 * the outbox is compared with the stream, and what was acknowledged and lost goes again. Acknowledged events
 * are forgotten after a while.
 */
export function startRelay(
  store: Store,
  connecting: Promise<Events>,
  log: Logger,
  { maxInFlight = 64, retryMs = 1000, keepMs = 86_400_000 }: RelayOptions = {},
): Relay {
  let wanted = Promise.withResolvers<void>();
  let stopping = false;
  const stopped = Promise.withResolvers<undefined>();
  const wake = () => wanted.resolve();

  const running = (async () => {
    const events = await Promise.race([connecting, stopped.promise]);
    if (!events) return;
    let mustReconcile = true;
    let prunedAt = performance.now();
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
        if (performance.now() - prunedAt > PRUNE_EVERY_MS) {
          await store.prune(new Date(Date.now() - keepMs));
          prunedAt = performance.now();
        }
        await Promise.race([wanted.promise, pause(retryMs)]);
      } catch (cause) {
        const waiting = await store.unsentCount().catch(() => undefined); // the database may be away, too
        log.warn({ err: cause, waiting }, "events wait for the stream");
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
  const rows = await store.takeUnsent(limit);
  if (rows.length === 0) return 0;
  failpoint("relay.taken");
  const results = await Promise.allSettled(rows.map((row) => send(events, row)));
  failpoint("relay.published");
  await store.markSent(results.flatMap((r) => (r.status === "fulfilled" ? [r.value] : [])));
  failpoint("relay.noted");
  const failed = results.find((r) => r.status === "rejected");
  if (!failed) return rows.length;
  await store.giveBack(rows.filter((_, i) => results[i]?.status === "rejected").map((r) => r.id));
  throw failed.reason;
}

async function send(events: Events, row: OutboxRow): Promise<{ id: number; streamSeq: number }> {
  const { eventId: id, subject, type, tripId, body, occurredAt } = row;
  const traceparent = traceWait(row);
  const ack = await tracePublish({ subject, id, traceparent }, (traced) => {
    const about = { id, type, source: "backend", subject: tripId, time: occurredAt };
    const headers = eventHeaders({ ...about, traceparent: traced });
    return events.js.publish(subject, body, { msgID: id, headers, timeout: 2000 });
  });
  return { id: row.id, streamSeq: ack.seq };
}

async function onReconnect(events: Events, reconnected: () => void): Promise<void> {
  for await (const status of events.connection.status()) {
    if (status.type === "reconnect") reconnected();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
