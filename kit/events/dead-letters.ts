import { headers } from "@nats-io/transport-node";
import { DeadLetter } from "#gen/tripmesh/events/v1/dead_letter.ts";
import { currentTraceparent } from "#kit/telemetry/trace-context.ts";
import type { Slot } from "#kit/traffic/traffic.ts";
import type { Events } from "./connect.ts";
import { deadSubject, streams } from "./subjects.ts";
import { tracePublish } from "./trace-message.ts";

/**
 * Stores a dead letter; resolves once the server has it. The same original given up twice by the same
 * durable, by the consumer itself and again when the server says so, is stored once.
 */
export async function storeDeadLetter(
  events: Events,
  letter: DeadLetter,
  durable: string,
): Promise<void> {
  const body = DeadLetter.encode(letter).finish();
  const subject = deadSubject(letter.service, letter.slot as Slot);
  const id = `dead:${letter.stream}:${letter.streamSeq}:${durable}`;
  const traceparent = currentTraceparent();
  await tracePublish({ subject, id, traceparent }, async (traced) => {
    const hdrs = headers();
    if (traced !== "") hdrs.set("traceparent", traced);
    await events.js.publish(subject, body, { msgID: id, retries: 3, headers: hdrs });
  });
}

/** Names the dead letter that a replayed message came from: its sequence in `DEAD_LETTERS`. */
export const REPLAY_HEADER = "mesh-dead-letter";

/**
 * Where a replayed message goes: to the one consumer that failed on it. A prediction that Backend could not
 * take goes where it came from, since every reader folds by key.
 */
export function replaySubject({ stream, subject, service, slot }: DeadLetter): string {
  if (stream !== streams.trips || subject.startsWith("redo.")) return subject;
  return `redo.${service}.${slot}.${subject.slice("trips.".length)}`;
}
