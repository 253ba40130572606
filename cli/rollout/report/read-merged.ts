import { DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";
import { Problem } from "../../problem.ts";

/** What is read of one stream. */
export interface Source {
  readonly stream: string;
  /** One filter: with several, the server is slow to read a backlog (ADR 0013). */
  readonly subject: string;
}

/** Messages that are fetched ahead of each source: the memory that reading takes. */
const AHEAD = 500;
/** Longest wait for the next message: half a report would be worse than none. */
const PATIENCE_MS = 20_000;

/**
 * The messages of several streams from `since` on, in the order in which they were stored, up to those that
 * were there when it began: on a running mesh it ends, too.
 */
export async function* readMerged(
  events: Events,
  sources: readonly Source[],
  { since, onTotal }: { readonly since: Date; readonly onTotal: (total: number) => void },
): AsyncGenerator<JsMsg> {
  const readers = await Promise.all(sources.map((source) => openSource(events, source, since)));
  onTotal(readers.reduce((sum, { total }) => sum + total, 0));
  try {
    const heads = await Promise.all(readers.map((reader) => reader.next()));
    for (;;) {
      const first = earliest(heads);
      const head = heads[first];
      if (!head) return;
      yield head;
      heads[first] = await readers[first]?.next();
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.close()));
  }
}

interface Reader {
  readonly total: number;
  next(): Promise<JsMsg | undefined>;
  close(): Promise<void>;
}

async function openSource(
  events: Events,
  { stream, subject }: Source,
  since: Date,
): Promise<Reader> {
  const consumer = await events.js.consumers.get(stream, {
    filter_subjects: subject,
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: since.toISOString(),
  });
  const { num_pending: total } = await consumer.info();
  if (total === 0) return { total, next: async () => undefined, close: async () => {} };
  const messages = await consumer.consume({ max_messages: AHEAD });
  const iterator = messages[Symbol.asyncIterator]();
  let left = total;
  return {
    total,
    async next() {
      if (left === 0) return undefined;
      const next = await within(PATIENCE_MS, iterator.next());
      if (next === undefined || next.done) {
        throw new Problem(
          `The stream ${stream} stopped answering with ${left} messages left: try again.`,
        );
      }
      left--;
      return next.value;
    },
    async close() {
      // It ends with its iterator, and an iterator that waits for a message ends with it.
      const closed = messages.close();
      await iterator.return?.(undefined);
      await closed;
    },
  };
}

/** Index of the head that was stored first; −1 when all are at their end. */
function earliest(heads: readonly (JsMsg | undefined)[]): number {
  let first = -1;
  for (const [i, head] of heads.entries()) {
    const best = heads[first];
    if (head && (!best || head.info.timestampNanos < best.info.timestampNanos)) first = i;
  }
  return first;
}

/** Undefined when nothing came in time. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
