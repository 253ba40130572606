import { type JsMsg, jetstreamManager } from "@nats-io/jetstream";
import { DeadLetter } from "#gen/tripmesh/events/v1/dead_letter.ts";
import type { Events } from "#kit/events/connect.ts";
import { REPLAY_HEADER } from "#kit/events/dead-letters.ts";
import { streams } from "#kit/events/subjects.ts";
import { traceparentOf } from "#kit/events/trace-message.ts";

/** A dead letter and what has become of it. */
export interface StoredLetter extends DeadLetter {
  /** Its name: the sequence in `DEAD_LETTERS`. */
  readonly id: number;
  /** The trip, where the subject tells. */
  readonly tripId: string;
  /** Where the trace goes on in which it failed; empty where that was not recorded. */
  readonly traceparent: string;
  /** When it was sent again, each time. */
  readonly replays: readonly Date[];
}

/** Every dead letter that is kept, oldest first. */
export async function readDeadLetters(events: Events): Promise<StoredLetter[]> {
  const letters = await readAll(events, streams.deadLetters, "dead.>", (message) => ({
    id: message.seq,
    letter: DeadLetter.decode(message.data),
    traceparent: traceparentOf(message),
  }));
  if (letters.length === 0) return [];
  const replays = new Map<number, Date[]>();
  const note = (message: JsMsg) => {
    const id = Number(message.headers?.get(REPLAY_HEADER) || Number.NaN);
    if (Number.isNaN(id)) return;
    const at = new Date(message.info.timestampNanos / 1e6);
    replays.set(id, [...(replays.get(id) ?? []), at]);
  };
  await readAll(events, streams.trips, "redo.>", note);
  if (letters.some(({ letter }) => letter.stream === streams.predictions)) {
    await readAll(events, streams.predictions, "predictions.*.live.*", note);
  }
  return letters.map(({ id, letter, traceparent }) => ({
    ...letter,
    id,
    traceparent,
    tripId: tripOf(letter.subject),
    replays: replays.get(id) ?? [],
  }));
}

/** `trips.<trip>.<event>`, `redo.<service>.<slot>.<trip>.<event>`, `predictions.<service>.<role>.<trip>`. */
function tripOf(subject: string): string {
  const parts = subject.split(".");
  const place = { trips: 1, redo: 3, predictions: 3 }[parts[0] ?? ""];
  return place === undefined ? "" : (parts[place] ?? "");
}

const SILENCE_MS = 2_000;

/** Every stored message on a subject, oldest first, up to what was there when it began. */
async function readAll<T>(
  events: Events,
  stream: string,
  subject: string,
  read: (message: JsMsg) => T,
): Promise<T[]> {
  const manager = await jetstreamManager(events.connection);
  const { state } = await manager.streams.info(stream, { subjects_filter: subject });
  const count = Object.values(state.subjects ?? {}).reduce((sum, n) => sum + n, 0);
  const found: T[] = [];
  if (count === 0) return found;
  const consumer = await events.js.consumers.get(stream, { filter_subjects: [subject] });
  while (found.length < count) {
    const message = await consumer.next({ expires: SILENCE_MS });
    if (!message) break; // it has expired from the stream meanwhile
    found.push(read(message));
  }
  return found;
}
