import type { JsMsg } from "@nats-io/jetstream";
import { jetstreamManager } from "@nats-io/jetstream";
import type { Events } from "#kit/events/connect.ts";

/** Every message of a stream on the given subjects, oldest first. */
export async function readStream<T>(
  events: Events,
  stream: string,
  subject: string,
  decode: (message: JsMsg) => T,
): Promise<T[]> {
  const manager = await jetstreamManager(events.connection);
  const { state } = await manager.streams.info(stream, { subjects_filter: subject });
  const total = Object.values(state.subjects ?? {}).reduce((sum, n) => sum + n, 0);
  if (total === 0) return [];
  const consumer = await events.js.consumers.get(stream, { filter_subjects: [subject] });
  const found: T[] = [];
  const messages = await consumer.consume({ max_messages: 500 });
  for await (const message of messages) {
    found.push(decode(message));
    if (found.length >= total) break;
  }
  await messages.close();
  return found;
}
