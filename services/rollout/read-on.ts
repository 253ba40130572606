import { setTimeout as sleep } from "node:timers/promises";
import {
  type ConsumerMessages,
  DeliverPolicy,
  type JsMsg,
  jetstreamManager,
} from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";
import type { Logger } from "#kit/telemetry/log.ts";

export interface ReadOnOptions {
  readonly stream: string;
  readonly subject: string;
  /** When what is read first was stored, by the server's clock. */
  readonly since: Date;
  readonly take: (message: JsMsg) => void;
  readonly log: Logger;
}

export interface Reader {
  /** Resolves when all that was stored at the beginning has been taken; not at all once it was stopped. */
  readonly caughtUp: Promise<void>;
  stop(): Promise<void>;
}

const AGAIN_MS = 500;

/**
 * Reads a stream in order from a time on, and goes on for as long as it is not stopped.
 *
 * After each reconnection it begins a consumer anew behind the last message that it took: the library's ordered
 * consumer asks for its old one first, and when that question is lost because the server is not ready yet, it waits
 * for half a minute and more. Fails when the first consumer cannot be made.
 */
export async function readOn(events: Events, options: ReadOnOptions): Promise<Reader> {
  const { stream, subject, take, log } = options;
  const caughtUp = Promise.withResolvers<void>();
  const stopping = new AbortController();
  let lastSeq: number | undefined;
  let left = 0;
  let messages: ConsumerMessages | undefined;

  async function begin(): Promise<ConsumerMessages> {
    const consumer = await events.js.consumers.get(stream, {
      filter_subjects: subject,
      ...(await startOf(events, options, lastSeq)),
    });
    left = (await consumer.info()).num_pending;
    if (left === 0) caughtUp.resolve();
    return consumer.consume({ max_messages: 500 });
  }

  async function read(from: ConsumerMessages): Promise<void> {
    for await (const message of from) {
      if (from !== messages) return; // another one has begun where this one was
      lastSeq = message.seq;
      try {
        take(message);
      } catch (cause) {
        log.error({ err: cause, subject: message.subject }, "a message cannot be taken");
      }
      if (--left === 0) caughtUp.resolve();
    }
  }

  async function beginAgain(): Promise<void> {
    const old = messages;
    messages = undefined;
    old?.close().catch(() => undefined); // it may be the server's that is gone
    while (!stopping.signal.aborted) {
      try {
        const next = await begin();
        if (stopping.signal.aborted) return void (await next.close());
        messages = next;
        reading = read(next);
        return;
      } catch (cause) {
        log.warn({ err: cause, stream }, "a stream cannot be read: again");
        await sleep(AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
  }

  messages = await begin();
  let reading = read(messages);
  const statuses = events.connection.status();
  const watching = (async () => {
    for await (const { type } of statuses) {
      if (type === "reconnect") await beginAgain();
    }
  })();
  return {
    caughtUp: caughtUp.promise,
    async stop() {
      stopping.abort();
      (statuses as AsyncIterable<unknown> & { stop?: () => void }).stop?.();
      await messages?.close();
      await reading;
      void watching; // ends with the connection at the latest
    },
  };
}

/** Behind the last message; from the beginning where the stream is another one than it was. */
async function startOf(events: Events, { stream, since }: ReadOnOptions, lastSeq?: number) {
  const fromBeginning = {
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: since.toISOString(),
  };
  if (lastSeq === undefined) return fromBeginning;
  const manager = await jetstreamManager(events.connection, { checkAPI: false });
  const { state } = await manager.streams.info(stream);
  if (state.last_seq < lastSeq) return fromBeginning;
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: lastSeq + 1 };
}
